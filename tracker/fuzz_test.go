package tracker

import (
	"bytes"
	"testing"

	"lab/core"
)

func FuzzImport(f *testing.F) {
	db, uids := exportTest(f)
	archive, _ := export(f, db, uids...)
	f.Add(archive)
	for _, name := range []string{indexName, "runs/" + uids[0] + "/run.json", "runs/" + uids[0] + "/points.csv"} {
		for i := range 8 {
			f.Add(rewrite(f, archive, name, func(b []byte) []byte { b[len(b)*i/8] ^= 0x55; return b }, true))
		}
	}
	there := openTest(f, f.TempDir(), Options{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, _, err := there.Import(ctx, bytes.NewReader(b), int64(len(b))); err != nil && core.KindOf(err) != core.Usage {
			t.Fatal(err)
		}
	})
}

func FuzzPoints(f *testing.F) {
	f.Add([]byte(pointsHeader + "\na,1,2,3\n\"b,\"\"\",-1,-2,nan\n\",1,1,inf\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		err := readPoints(bytes.NewReader(b), func(p core.Point) error { return nil })
		if err != nil && core.KindOf(err) != core.Usage {
			t.Fatal(err)
		}
	})
}
