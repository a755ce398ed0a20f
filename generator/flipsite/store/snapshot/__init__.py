"""The public draws of a study, in Parquet."""
