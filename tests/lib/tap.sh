# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# What test scripts in sh share; to be sourced.
#
#   check NAME COMMAND...          a test: does COMMAND succeed?
#   equal NAME EXPECTED COMMAND... does it print exactly that (standard output and errors)?
#   skip_all WHY                   ends the script without a test
#   done_testing                   the plan, and the end
#
# Prints TAP.

tap_count=0

# What a failed command printed goes behind the result.
tap_result()
{
	tap_count=$((tap_count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tap_count - $2"
	else
		echo "not ok $tap_count - $2"
		printf '%s\n' "$3" | sed 's/^/# /'
	fi
}

check()
{
	tap_name=$1
	shift
	tap_output=$("$@" 2>&1)
	tap_result $? "$tap_name" "$tap_output"
}

equal()
{
	tap_name=$1 tap_expected=$2
	shift 2
	tap_output=$("$@" 2>&1)
	if [ "$tap_output" = "$tap_expected" ]; then
		tap_result 0 "$tap_name" ''
	else
		tap_result 1 "$tap_name" "expected:
$tap_expected
got:
$tap_output"
	fi
}

skip_all()
{
	echo "1..0 # SKIP $1"
	exit 0
}

done_testing()
{
	echo "1..$tap_count"
}
