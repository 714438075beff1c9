"""Many recordings, a result for each: in processes of this machine, or of many machines."""
