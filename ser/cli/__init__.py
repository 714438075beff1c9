"""The commands, one module each: options in, one call into the core, exit code out."""
