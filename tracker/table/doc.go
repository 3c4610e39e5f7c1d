// Package table writes runs and their points as CSV and Parquet, for whatever
// reads tables: one row a run, or one row a point. It knows nothing of the
// database; points come from the caller.
//
// Start with runs.go and points.go. It is the only importer of parquet-go.
package table
