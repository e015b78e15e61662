// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stands in for gnutls in the static libvirt: all of gnutls that libvirt's client
 * links, without TLS.
 *
 * Two things libvirt takes from gnutls are not TLS and work here: random bytes (UUIDs,
 * MAC addresses) and digests. A TLS connection begins with allocating credentials, which
 * fails, so that qemu+tls:// ends in a clear error and the rest is never called.
 */
#include <errno.h>
#include <sys/random.h>

#include <glib.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

int gnutls_global_init(void)
{
	return GNUTLS_E_SUCCESS;
}

void gnutls_global_set_log_function(gnutls_log_func log)
{
	(void)log;
}

void gnutls_global_set_log_level(int level)
{
	(void)level;
}

const char *gnutls_strerror(int error)
{
	switch (error) {
	case GNUTLS_E_SUCCESS:
		return "Success";
	case GNUTLS_E_RANDOM_FAILED:
		return "The kernel gave no random bytes";
	default:
		return "TLS is not part of this build";
	}
}

int gnutls_rnd(gnutls_rnd_level_t level, void *data, size_t len)
{
	unsigned char *next = data;

	(void)level;
	while (len > 0) {
		ssize_t got = getrandom(next, len, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return GNUTLS_E_RANDOM_FAILED;
		next += got;
		len -= (size_t)got;
	}
	return GNUTLS_E_SUCCESS;
}

int gnutls_hash_fast(gnutls_digest_algorithm_t algorithm, const void *text, size_t len, void *digest)
{
	GChecksumType type;
	GChecksum *sum;
	gsize size;

	switch (algorithm) {
	case GNUTLS_DIG_MD5:
		type = G_CHECKSUM_MD5;
		break;
	case GNUTLS_DIG_SHA256:
		type = G_CHECKSUM_SHA256;
		break;
	default:
		return GNUTLS_E_UNIMPLEMENTED_FEATURE;
	}
	size = (gsize)g_checksum_type_get_length(type);
	sum = g_checksum_new(type);
	g_checksum_update(sum, text, (gssize)len);
	g_checksum_get_digest(sum, digest, &size);
	g_checksum_free(sum);
	return GNUTLS_E_SUCCESS;
}

int gnutls_certificate_allocate_credentials(gnutls_certificate_credentials_t *credentials)
{
	*credentials = NULL;
	return GNUTLS_E_UNIMPLEMENTED_FEATURE;
}

/*
 * Without credentials libvirt never gets to these; they are here for the linker. All are
 * one of two functions under gnutls' names. A name that gnutls.h does not declare does not
 * compile, one that libvirt needs and this list has not does not link.
 */
static long refuse(void)
{
	return GNUTLS_E_UNIMPLEMENTED_FEATURE;
}

static const void *nothing(void)
{
	return NULL;
}

#pragma GCC diagnostic ignored "-Wattribute-alias"
#define REFUSE(name) __typeof__(name) name __attribute__((alias("refuse")))
#define NOTHING(name) __typeof__(name) name __attribute__((alias("nothing")))

REFUSE(gnutls_certificate_set_x509_crl_file);
REFUSE(gnutls_certificate_set_x509_key_file);
REFUSE(gnutls_certificate_set_x509_trust_file);
REFUSE(gnutls_certificate_verify_peers2);
REFUSE(gnutls_cipher_encrypt);
REFUSE(gnutls_cipher_init);
REFUSE(gnutls_credentials_set);
REFUSE(gnutls_handshake);
REFUSE(gnutls_init);
REFUSE(gnutls_priority_set_direct);
REFUSE(gnutls_record_recv);
REFUSE(gnutls_record_send);
REFUSE(gnutls_x509_crt_get_basic_constraints);
REFUSE(gnutls_x509_crt_get_dn);
REFUSE(gnutls_x509_crt_get_key_purpose_oid);
REFUSE(gnutls_x509_crt_get_key_usage);
REFUSE(gnutls_x509_crt_import);
REFUSE(gnutls_x509_crt_init);
REFUSE(gnutls_x509_crt_list_import);
REFUSE(gnutls_x509_crt_list_verify);

NOTHING(gnutls_certificate_free_credentials);
NOTHING(gnutls_certificate_get_peers);
NOTHING(gnutls_certificate_server_set_request);
NOTHING(gnutls_certificate_type_get);
NOTHING(gnutls_cipher_deinit);
NOTHING(gnutls_cipher_get);
NOTHING(gnutls_cipher_get_key_size);
NOTHING(gnutls_deinit);
NOTHING(gnutls_record_get_direction);
NOTHING(gnutls_transport_set_ptr);
NOTHING(gnutls_transport_set_pull_function);
NOTHING(gnutls_transport_set_push_function);
NOTHING(gnutls_x509_crt_check_hostname);
NOTHING(gnutls_x509_crt_deinit);
NOTHING(gnutls_x509_crt_get_activation_time);
NOTHING(gnutls_x509_crt_get_expiration_time);
