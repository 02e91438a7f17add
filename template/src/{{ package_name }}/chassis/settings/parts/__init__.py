"""Settings of each part; they import no part, so that settings load fast."""
