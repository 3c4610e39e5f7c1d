// Package mlflow reads the SQLite database of an MLflow tracking server or folder
// (sqlite:///mlflow.db) and takes its runs into a lab database. It must not write
// to it.
//
// An experiment becomes the recipe of family "mlflow"; what has no place of its
// own in lab becomes a fact. Start with [Import].
package mlflow
