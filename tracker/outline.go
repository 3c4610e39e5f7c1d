package tracker

import (
	"context"
	"database/sql"
	"hash/maphash"
	"slices"
	"strconv"
	"time"

	"lab/core"
)

// outline is as much of a run as putting it in its place takes.
type outline struct {
	id       int64
	ord      int64 // of two the newer one's is greater
	finished bool
	fold     identity // equal for runs that are equal but for their seed
	same     identity // equal for runs that are equal
	by       []Value
	sort     []Value  // ascending is the order asked for, but for a minus
	brief    *Summary // without its metrics; nil unless that is all that is shown of it
}

// identity tells runs apart: 128 bits that depend on a seed of this process.
type identity [2]uint64

var identitySeeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}

// outlines reads the runs that the query selects, in its order.
func (db *DB) outlines(ctx context.Context, tx querier, fates []fate, q Query, p *parsedQuery, by []term, f Folding) ([]outline, error) {
	c := db.compiler(ctx, tx, fates)
	where, err := c.where(q, p.filter)
	if err != nil {
		return nil, err
	}
	text := "SELECT r.id"
	sorts, order := p.sort, []sortKey(nil) // rows are sorted once they are together
	if f.Apart {
		sorts, order = nil, p.sort
	} else {
		text += ",r.ord,r.started,r.state,r.family,r.family_version,r.recipe,r.seed,r.params," +
			"(SELECT group_concat(sha256,' ' ORDER BY position) FROM lineage WHERE run_id=r.id)"
	}
	values := []string{}
	for _, t := range by {
		values = append(values, c.column(t))
	}
	for _, k := range sorts {
		values = append(values, c.sortValue(k.term, "'nan'"))
	}
	brief := f.Brief && !f.Apart
	if brief {
		for _, t := range p.columns {
			values = append(values, c.column(t))
		}
		text += ",r.uid,r.seconds"
	}
	for _, v := range values {
		text += "," + v
	}
	text = overRuns(c, fates, text+" FROM r WHERE "+where+" ORDER BY "+c.order(order))
	rows, err := tx.QueryContext(ctx, text, c.args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var (
		os                                                    []outline
		o                                                     outline
		state, family, version, recipe, seed, params, lineage sql.RawBytes
		uid                                                   string
		started                                               int64
		seconds                                               float64
		read                                                  = make([]Value, len(values))
		texts                                                 = interned{}
	)
	to := []any{&o.id}
	if !f.Apart {
		to = append(to, &o.ord, &started, &state, &family, &version, &recipe, &seed, &params, &lineage)
	}
	if brief {
		to = append(to, &uid, &seconds)
	}
	for i := range read {
		to = append(to, &read[i])
	}
	for rows.Next() {
		if err := rows.Scan(to...); err != nil {
			return nil, err
		}
		vs := slices.Clone(read)
		o.by, o.sort = vs[:len(by)], vs[len(by):len(by)+len(sorts)]
		if !f.Apart {
			o.finished = string(state) == string(core.Finished)
			o.fold, o.same = identify(params, seed, family, version, recipe, lineage)
		}
		if brief {
			o.brief = &Summary{UID: uid, Family: texts.text(family), Recipe: texts.text(recipe),
				Started: time.UnixMilli(started), Elapsed: inSeconds(seconds), Columns: vs[len(by)+len(sorts):]}
		}
		os = append(os, o)
	}
	return os, rows.Err()
}

// interned keeps one copy of each text.
type interned map[string]string

func (t interned) text(b []byte) string {
	s, ok := t[string(b)]
	if !ok {
		s = string(b)
		t[s] = s
	}
	return s
}

// identify hashes what makes runs equal. Packed parameters may come in any order, so
// theirs are added up.
func identify(params, seed []byte, others ...[]byte) (fold, same identity) {
	for i := range fold {
		var h maphash.Hash
		h.SetSeed(identitySeeds[i])
		for _, o := range others {
			h.WriteString(strconv.Itoa(len(o)))
			h.WriteByte(':')
			h.Write(o)
		}
		fold[i] = h.Sum64()
	}
	eachPacked(params, func(key, value []byte) {
		if string(key) == "seed" {
			return
		}
		for i := range fold {
			fold[i] += maphash.Bytes(identitySeeds[i], key) * (maphash.Bytes(identitySeeds[i], value) | 1)
		}
	})
	for i := range fold {
		same[i] = fold[i] + maphash.Bytes(identitySeeds[i], seed)
	}
	return fold, same
}

// eachPacked calls f for every parameter of what packParams wrote.
func eachPacked(s []byte, f func(key, value []byte)) {
	for len(s) > 0 {
		var n [5]int // position, defaulted, type, length of key and value
		for i := range n {
			for len(s) > 0 && s[0] != ' ' {
				n[i] = n[i]*10 + int(s[0]-'0') // of the type this is nonsense, and not used
				s = s[1:]
			}
			s = s[min(1, len(s)):]
		}
		k, v := n[3], n[4]
		if k < 0 || v < 0 || k > len(s) || v > len(s)-k {
			return
		}
		f(s[:k], s[k:k+v])
		s = s[k+v:]
	}
}
