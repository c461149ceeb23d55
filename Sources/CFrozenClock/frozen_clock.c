int firedrill_frozen_clock_placeholder(void) { return 0; }
