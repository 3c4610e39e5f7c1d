// Command makeglyphs picks the alphabets of package hershey out of the file
// hersheytext.json of npm's package hersheytext 2.0.0:
//
//	npm pack hersheytext@2.0.0 && tar xzf hersheytext-2.0.0.tgz
//	go run ./plugins/metalearn/hershey/makeglyphs package/hersheytext.json > plugins/metalearn/hershey/embedded/glyphs.txt
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strings"
)

// alphabet is part of a font: characters first to last of it, by their place.
type alphabet struct {
	name, font string
	from, to   int // the font's character at a place stands for '!' + place
	more       [2]int
}

// The places of letters in a font.
const upper, lower = 'A' - '!', 'a' - '!'

var alphabets = []alphabet{
	{"Latin", "futural", upper, upper + 26, [2]int{lower, lower + 26}},
	{"Gothic", "gothiceng", upper, upper + 26, [2]int{lower, lower + 26}},
	{"German Gothic", "gothicger", upper, upper + 26, [2]int{lower, lower + 26}},
	{"Script", "scripts", upper, upper + 26, [2]int{lower, lower + 26}},
	{"Greek", "greek", upper, upper + 26, [2]int{lower, lower + 26}},
	{"Cyrillic", "cyrillic", upper, upper + 29, [2]int{lower - 3, lower + 29}},
	{"Digits", "futural", '0' - '!', '0' - '!' + 10, [2]int{}},
	{"Astrology", "astrology", 0, '0' - '!', [2]int{}},
	{"Music", "music", 0, '0' - '!', [2]int{}},
	{"Mathematics", "mathlow", lower - 3, lower + 29, [2]int{0, 12}},
	{"Symbols", "symbolic", 0, 94, [2]int{}},
	{"Japanese", "japanese", 0, 192, [2]int{}},
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: makeglyphs hersheytext.json")
	}
	file, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	var fonts map[string]struct{ Chars []struct{ D string } }
	if err := json.Unmarshal(file, &fonts); err != nil {
		log.Fatal(err)
	}
	out := bufio.NewWriter(os.Stdout)
	seen := map[string]bool{} // letters that alphabets share
	for _, a := range alphabets {
		fmt.Fprintf(out, "alphabet %s\n", a.name)
		chars := fonts[a.font].Chars
		for _, span := range [][2]int{{a.from, a.to}, a.more} {
			for _, c := range chars[span[0]:span[1]] {
				if d := strings.TrimSpace(c.D); large(d) && !seen[d] {
					seen[d] = true
					fmt.Fprintln(out, d)
				}
			}
		}
	}
	if err := out.Flush(); err != nil {
		log.Fatal(err)
	}
}

// large reports whether a glyph is larger than a dot or a comma, which say little as
// characters; a capital is 21 units high.
func large(d string) bool {
	lo, hi := [2]float64{1e9, 1e9}, [2]float64{-1e9, -1e9}
	for point := range strings.FieldsSeq(d) {
		var p [2]float64
		if _, err := fmt.Sscanf(strings.TrimLeft(point, "ML"), "%g,%g", &p[0], &p[1]); err != nil {
			log.Fatalf("%q: %v", d, err)
		}
		for i, v := range p {
			lo[i], hi[i] = min(lo[i], v), max(hi[i], v)
		}
	}
	return max(hi[0]-lo[0], hi[1]-lo[1]) >= 8
}
