package main

import "slices"

// pairing is lab and a peer timed in turns, a value a round, in seconds a step.
type pairing struct {
	Peer     string    `json:"peer"`
	Versions []string  `json:"versions,omitempty"`
	Missing  string    `json:"missing,omitempty"` // why there is no timing
	Checked  string    `json:"checked,omitempty"` // how the work was found equal
	Lab      []float64 `json:"lab,omitempty"`
	Theirs   []float64 `json:"theirs,omitempty"`
	LabBusy  []float64 `json:"lab_busy,omitempty"` // beside a busy neighbour
	Busy     []float64 `json:"theirs_busy,omitempty"`
}

// ratio is the peer's time as a multiple of lab's, over rounds.
func (p *pairing) ratio() spread { return spreadOf(ratios(p.Theirs, p.Lab)) }

// play times every peer against lab: in each round first the one, then the other,
// and the other way round in the next. A peer that breaks off is measured no more.
func play(lab *contender, peers []*contender, rounds int, busy *neighbour) ([]*pairing, error) {
	out := make([]*pairing, len(peers))
	for i, p := range peers {
		out[i] = &pairing{Peer: p.name, Versions: p.versions}
	}
	for r := range rounds {
		for i, peer := range peers {
			p := out[i]
			if p.Missing == "" {
				p.turn(lab, peer, r%2 == 1, &p.Lab, &p.Theirs)
			}
			if p.Missing == "" && busy != nil {
				busy.spin()
				p.turn(lab, peer, r%2 == 1, &p.LabBusy, &p.Busy)
				busy.rest()
			}
			if lab.broken != nil {
				return nil, lab.broken
			}
		}
	}
	return out, nil
}

// turn times both and appends what they took.
func (p *pairing) turn(lab, peer *contender, swapped bool, ours, theirs *[]float64) {
	type seat struct {
		c  *contender
		to *[]float64
	}
	seats := []seat{{lab, ours}, {peer, theirs}}
	if swapped {
		slices.Reverse(seats)
	}
	var took [2]float64
	for i, s := range seats {
		var err error
		if took[i], err = s.c.time(); err != nil {
			p.Missing = err.Error()
			return
		}
	}
	for i, s := range seats {
		*s.to = append(*s.to, took[i])
	}
}
