// The two inner loops for which Swift has no instructions: SHA-256 of two messages side by side, and a CRC by carry-less multiplication.
// Everything else, padding and scheduling and what to do on other processors, is in Swift.

#include "digests.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

static int has(int needs_sha) {
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSSE3) || !(c & bit_SSE4_1)) return 0;
  if (!needs_sha) return (c & bit_PCLMUL) != 0;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA) != 0;
}

int digests_has_sha256(void) { return has(1); }
int digests_has_crc64(void) { return has(0); }

// Source: FIPS 180-4, section 4.2.2.
static const uint32_t constants[64] __attribute__((aligned(16))) = {
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

#define SHA __attribute__((target("sha,sse4.1,ssse3")))

// The instructions keep a state as the words a, b, e, f and c, d, g, h, the first in the highest place.
// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, SHA256RNDS2, SHA256MSG1, SHA256MSG2.
typedef struct { __m128i abef, cdgh; } lane;

SHA static inline lane load(const uint32_t state[8]) {
  __m128i dcba = _mm_loadu_si128((const __m128i *)state);
  __m128i hgfe = _mm_loadu_si128((const __m128i *)(state + 4));
  __m128i abcd = _mm_shuffle_epi32(dcba, 0x1b), efgh = _mm_shuffle_epi32(hgfe, 0x1b);
  return (lane){_mm_unpackhi_epi64(efgh, abcd), _mm_unpacklo_epi64(efgh, abcd)};
}

SHA static inline void store(lane lane, uint32_t state[8]) {
  __m128i abcd = _mm_unpackhi_epi64(lane.cdgh, lane.abef), efgh = _mm_unpacklo_epi64(lane.cdgh, lane.abef);
  _mm_storeu_si128((__m128i *)state, _mm_shuffle_epi32(abcd, 0x1b));
  _mm_storeu_si128((__m128i *)(state + 4), _mm_shuffle_epi32(efgh, 0x1b));
}

SHA static inline __m128i words(const uint8_t *bytes) {
  return _mm_shuffle_epi8(
    _mm_loadu_si128((const __m128i *)bytes), _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203));
}

// Four rounds; the words of the rounds sixteen later take the place of these.
SHA static inline __attribute__((always_inline)) void rounds(lane *lane, __m128i words[4], int group) {
  __m128i now = words[group & 3], last = words[(group + 3) & 3];
  __m128i sum = _mm_add_epi32(now, _mm_load_si128((const __m128i *)(constants + 4 * group)));
  lane->cdgh = _mm_sha256rnds2_epu32(lane->cdgh, lane->abef, sum);
  lane->abef = _mm_sha256rnds2_epu32(lane->abef, lane->cdgh, _mm_shuffle_epi32(sum, 0x0e));
  if (group < 12) {
    __m128i next = _mm_add_epi32(
      _mm_sha256msg1_epu32(now, words[(group + 1) & 3]), _mm_alignr_epi8(last, words[(group + 2) & 3], 4));
    words[group & 3] = _mm_sha256msg2_epu32(next, last);
  }
}

SHA void digests_sha256_pair(
  uint32_t first[8], const uint8_t *first_blocks, uint32_t second[8], const uint8_t *second_blocks, size_t count
) {
  lane a = load(first), b = load(second);
  for (; count; count--, first_blocks += 64, second_blocks += 64) {
    lane old_a = a, old_b = b;
    __m128i wa[4], wb[4];
#pragma clang loop unroll(full)
    for (int i = 0; i < 4; i++) wa[i] = words(first_blocks + 16 * i), wb[i] = words(second_blocks + 16 * i);
#pragma clang loop unroll(full)
    for (int group = 0; group < 16; group++) rounds(&a, wa, group), rounds(&b, wb, group);
    a.abef = _mm_add_epi32(a.abef, old_a.abef), a.cdgh = _mm_add_epi32(a.cdgh, old_a.cdgh);
    b.abef = _mm_add_epi32(b.abef, old_b.abef), b.cdgh = _mm_add_epi32(b.cdgh, old_b.cdgh);
  }
  store(a, first), store(b, second);
}

SHA void digests_sha256_single(uint32_t state[8], const uint8_t *blocks, size_t count) {
  lane a = load(state);
  for (; count; count--, blocks += 64) {
    lane old = a;
    __m128i w[4];
#pragma clang loop unroll(full)
    for (int i = 0; i < 4; i++) w[i] = words(blocks + 16 * i);
#pragma clang loop unroll(full)
    for (int group = 0; group < 16; group++) rounds(&a, w, group);
    a.abef = _mm_add_epi32(a.abef, old.abef), a.cdgh = _mm_add_epi32(a.cdgh, old.cdgh);
  }
  store(a, state);
}

#define CLMUL __attribute__((target("pclmul,sse4.1")))

// A chunk's earlier eight bytes hold the higher powers. Moved by n bytes, they are worth x^(8n+64) and the later ones x^8n; a reflected
// product is one power short, so the constants are too.
// Source: Gopal and others, "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction", Intel, 2009.
CLMUL static inline __m128i moved(__m128i chunk, __m128i by) {
  return _mm_xor_si128(_mm_clmulepi64_si128(chunk, by, 0x00), _mm_clmulepi64_si128(chunk, by, 0x11));
}

CLMUL void digests_crc64_fold(
  const uint8_t *bytes, size_t count, uint64_t crc, const uint64_t by_64[2], const uint64_t by_16[2], uint8_t folded[16]
) {
  const __m128i *chunks = (const __m128i *)bytes, *end = (const __m128i *)(bytes + count);
  __m128i far = _mm_loadu_si128((const __m128i *)by_64), near = _mm_loadu_si128((const __m128i *)by_16);
  __m128i a = _mm_xor_si128(_mm_loadu_si128(chunks), _mm_set_epi64x(0, (long long)crc));
  __m128i b = _mm_loadu_si128(chunks + 1), c = _mm_loadu_si128(chunks + 2), d = _mm_loadu_si128(chunks + 3);
  for (chunks += 4; chunks < end; chunks += 4) {
    a = _mm_xor_si128(moved(a, far), _mm_loadu_si128(chunks));
    b = _mm_xor_si128(moved(b, far), _mm_loadu_si128(chunks + 1));
    c = _mm_xor_si128(moved(c, far), _mm_loadu_si128(chunks + 2));
    d = _mm_xor_si128(moved(d, far), _mm_loadu_si128(chunks + 3));
  }
  b = _mm_xor_si128(b, moved(a, near));
  c = _mm_xor_si128(c, moved(b, near));
  d = _mm_xor_si128(d, moved(c, near));
  _mm_storeu_si128((__m128i *)folded, d);
}

#else

int digests_has_sha256(void) { return 0; }
int digests_has_crc64(void) { return 0; }
void digests_sha256_pair(uint32_t first[8], const uint8_t *a, uint32_t second[8], const uint8_t *b, size_t count) { __builtin_trap(); }
void digests_sha256_single(uint32_t state[8], const uint8_t *blocks, size_t count) { __builtin_trap(); }
void digests_crc64_fold(const uint8_t *bytes, size_t count, uint64_t crc, const uint64_t by_64[2], const uint64_t by_16[2], uint8_t folded[16]) { __builtin_trap(); }

#endif
