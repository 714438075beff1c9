"""Work in parallel: worker processes of this machine, and workers of a Dask cluster."""
