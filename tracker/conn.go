package tracker

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net/url"
	"path/filepath"

	"github.com/mattn/go-sqlite3"
)

// conn is one raw connection with its prepared statements. The writer owns one
// and skips database/sql, which would cost as much as the inserts themselves.
// Not safe for use by two goroutines.
type conn struct {
	sqlite *sqlite3.SQLiteConn
	stmts  map[string]driver.Stmt
	named  []driver.NamedValue // reused arguments
}

// dsn names a database for the driver; opts are its query parameters.
func dsn(path, opts string) string {
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()}
	return u.String() + "?" + opts
}

func dial(name string) (*conn, error) {
	c, err := (&sqlite3.SQLiteDriver{}).Open(name)
	if err != nil {
		return nil, err
	}
	return &conn{sqlite: c.(*sqlite3.SQLiteConn), stmts: map[string]driver.Stmt{}}, nil
}

func (c *conn) close() error {
	for _, s := range c.stmts {
		s.Close()
	}
	return c.sqlite.Close()
}

// script runs statements without arguments, such as a migration.
func (c *conn) script(text string) error {
	_, err := c.sqlite.Exec(text, nil)
	return err
}

// exec runs one statement, prepared on first use.
func (c *conn) exec(query string, args ...driver.Value) error {
	return c.query(query, args, nil)
}

type namedQuerier interface {
	QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error)
}

// query runs one statement and calls each for every row; the row is reused.
//
// Writes come this way too: the driver binds and steps a query in a single
// crossing into C, but an Exec in one crossing an argument.
func (c *conn) query(query string, args []driver.Value, each func(row []driver.Value) error) error {
	s, ok := c.stmts[query]
	if !ok {
		var err error
		if s, err = c.sqlite.Prepare(query); err != nil {
			return err
		}
		c.stmts[query] = s
	}
	c.named = c.named[:0]
	for i, a := range args {
		c.named = append(c.named, driver.NamedValue{Ordinal: i + 1, Value: a})
	}
	rows, err := s.(namedQuerier).QueryContext(context.Background(), c.named)
	if err != nil {
		return err
	}
	defer rows.Close()
	row := make([]driver.Value, len(rows.Columns()))
	for {
		if err := rows.Next(row); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if each != nil {
			if err := each(row); err != nil {
				return err
			}
		}
	}
}

// one returns the first column of the first row, or nil without a row.
func (c *conn) one(query string, args ...driver.Value) (v driver.Value, err error) {
	err = c.query(query, args, func(row []driver.Value) error {
		if v == nil {
			v = row[0]
		}
		return nil
	})
	return v, err
}

// rollback ends a transaction, if SQLite has not ended it by itself (it does
// when the disk is full).
func (c *conn) rollback() {
	if !c.sqlite.AutoCommit() {
		c.script("ROLLBACK")
	}
}

// sqliteCode returns SQLite's primary result code in err's chain, or 0.
func sqliteCode(err error) sqlite3.ErrNo {
	var e sqlite3.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}
