#ifndef FIREDRILL_DIGESTS_H
#define FIREDRILL_DIGESTS_H

#include <stddef.h>
#include <stdint.h>

/// Whether the processor has the instructions of digests_sha256_pair, and of digests_crc64_fold. Where it has not, they must not be
/// called; the caller has its own way.
int digests_has_sha256(void);
int digests_has_crc64(void);

/// Takes `count` blocks of 64 bytes each into both states, side by side: one computation alone leaves the processor waiting for half of
/// the time. A state is the eight words of FIPS 180-4, section 6.2.
void digests_sha256_pair(uint32_t first[8], const uint8_t *first_blocks, uint32_t second[8], const uint8_t *second_blocks, size_t count);

/// The same for one.
void digests_sha256_single(uint32_t state[8], const uint8_t *blocks, size_t count);

/// Folds `count` bytes, a multiple of 64 and at least 64, into 16 that have the same remainder under a reflected CRC of 64 bits, whatever
/// follows them.
///
/// `crc` is the remainder of what came before. `by_64` and `by_16` are x^(8n+63) and x^(8n−1) modulo the polynomial, reflected, for
/// n = 64 and n = 16 bytes.
void digests_crc64_fold(const uint8_t *bytes, size_t count, uint64_t crc, const uint64_t by_64[2], const uint64_t by_16[2], uint8_t folded[16]);

#endif
