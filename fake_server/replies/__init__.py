"""Response bodies: failures, faults and successful replies."""
