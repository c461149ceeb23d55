#ifndef FIREDRILL_FROZEN_CLOCK_H
#define FIREDRILL_FROZEN_CLOCK_H

/// The environment variable that says where the wall clock stands: milliseconds since 1970, decimal.
///
/// Where it is absent or not such a number, every clock runs as it does without this library.
#define FIREDRILL_CLOCK_VARIABLE "FIREDRILL_CLOCK_MS"

#endif
