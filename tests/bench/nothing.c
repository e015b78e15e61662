/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The least that a static program costs. */
int main(void)
{
	return 0;
}
