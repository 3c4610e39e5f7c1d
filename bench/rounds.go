package main

import "math"

// pairing is lab and a peer timed in turns, a value a round, in seconds a step.
type pairing struct {
	Peer     string    `json:"peer"`
	Versions []string  `json:"versions,omitempty"`
	Missing  string    `json:"missing,omitempty"` // why there is no timing
	Checked  string    `json:"checked,omitempty"` // how the work was found equal
	Lab      []float64 `json:"lab,omitempty"`
	Theirs   []float64 `json:"theirs,omitempty"`
	Others   []float64 `json:"others,omitempty"`   // share of the cores that other processes used
	LabBusy  []float64 `json:"lab_busy,omitempty"` // beside a busy neighbour
	Busy     []float64 `json:"theirs_busy,omitempty"`
}

// calm is the share of the cores that others may use before a timing is repeated.
const calm = 0.05

// attempts is how often a pair is timed to find a calm moment.
const attempts = 5

// ratio is the peer's time as a multiple of lab's, over rounds.
func (p *pairing) ratio() spread { return spreadOf(ratios(p.Theirs, p.Lab)) }

// best is the peer's shortest time as a multiple of lab's shortest: what is left when
// everything that disturbs makes a step slower, never faster.
func (p *pairing) best() float64 { return spreadOf(p.Theirs).Min / spreadOf(p.Lab).Min }

// disturbed reports whether most rounds were not calm.
func (p *pairing) disturbed() bool { return spreadOf(p.Others).Median > calm }

// play times every peer against lab: in each round first the one, then the other,
// and the other way round in the next. A peer that breaks off is measured no more.
func play(lab *contender, peers []*contender, rounds int, busy *neighbour) ([]*pairing, error) {
	out := make([]*pairing, len(peers))
	for i, p := range peers {
		out[i] = &pairing{Peer: p.name, Versions: p.versions}
	}
	for r := range rounds {
		for i, peer := range peers {
			if err := out[i].round(lab, peer, r%2 == 1, busy); err != nil {
				out[i].Missing = err.Error()
			}
			if lab.broken != nil {
				return nil, lab.broken
			}
		}
	}
	return out, nil
}

// round times a pair, again while others disturb it, and keeps the calmest attempt: it
// is chosen by what others did, not by what it says.
func (p *pairing) round(lab, peer *contender, swapped bool, busy *neighbour) error {
	if p.Missing != "" {
		return errMissing(p.Missing)
	}
	var ours, theirs timing
	least := math.Inf(1)
	for range attempts {
		a, b, err := turn(lab, peer, swapped)
		if err != nil {
			return err
		}
		if others := max(a.others, b.others); others < least {
			ours, theirs, least = a, b, others
		}
		if least <= calm {
			break
		}
	}
	p.Lab, p.Theirs, p.Others = append(p.Lab, ours.step), append(p.Theirs, theirs.step), append(p.Others, least)
	if busy == nil {
		return nil
	}
	busy.spin()
	defer busy.rest()
	a, b, err := turn(lab, peer, swapped)
	if err != nil {
		return err
	}
	p.LabBusy, p.Busy = append(p.LabBusy, a.step), append(p.Busy, b.step)
	return nil
}

// turn times both, lab first unless swapped.
func turn(lab, peer *contender, swapped bool) (ours, theirs timing, err error) {
	if swapped {
		theirs, ours, err = turn(peer, lab, false)
		return
	}
	if ours, err = lab.time(); err == nil {
		theirs, err = peer.time()
	}
	return
}
