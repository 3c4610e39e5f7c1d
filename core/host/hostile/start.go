//go:build unix

package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"lab/core"
	"lab/core/internal/wire"
	"lab/core/internal/wire/pb"
)

// begin is what happens before the handshake.
func begin() {
	switch mode {
	case "banner":
		fmt.Println("=== hostile 6.6.6 ===\n1|not a handshake\n{\"@message\":")
		fmt.Print("loading 99%")
	case "exit":
		fmt.Fprintln(os.Stderr, "cannot find libfoo.so")
		os.Exit(1)
	case "mute":
		select {}
	case "chatter": // never an end of line, never a handshake
		for {
			fmt.Print(strings.Repeat("x", 1<<20))
		}
	case "future": // as the SDK of another version will
		if !wire.InCommon(os.Getenv(wire.HostVersionsEnv), []int{2, 3}) {
			fmt.Fprintln(os.Stderr, wire.VersionsLine+wire.List([]int{2, 3}))
			os.Exit(1)
		}
	}
}

// speaks is the versions of the contract that it claims to speak.
func speaks() []int {
	switch mode {
	case "versions 1 and 2":
		return []int{1, 2}
	case "version 7":
		return []int{7}
	}
	return []int{wire.Version}
}

func describe() (*pb.Description, error) {
	f := honest()
	r := &f.Recipes[0]
	spec := core.ParamSpec{Type: core.Int, Default: "0", Doc: "one of many"}
	switch mode {
	case "silent":
		time.Sleep(time.Hour)
	case "garbage":
		return garbage(), nil
	case "duplicate":
		r.Params = append(r.Params, r.Params[0])
	case "10000 params":
		for i := range 10_000 {
			spec.Key = "p" + strings.Repeat("x", i%7) + fmt.Sprint("_", i)
			r.Params = append(r.Params, spec)
		}
	case "long key":
		spec.Key = strings.Repeat("Key", 100_000)
		r.Params = append(r.Params, spec)
	case "escapes":
		f.Doc = "\x1b[2J\x1b[1;1Hyour disk is being erased\a"
	case "huge":
		for range 700_000 { // empty messages take 2 bytes each, and a hundred times that in memory
			r.Params = append(r.Params, core.ParamSpec{})
		}
	case "impostor":
		f.Name = "gan"
	}
	return wire.FromFamily(f), nil
}

// garbage is a message of bytes that are no description.
func garbage() *pb.Description {
	d := &pb.Description{}
	d.ProtoReflect().SetUnknown([]byte{0x0a, 0x04, 0xff, 0xfe, 0xfd, 0xfc, 0x22, 0x7f}) // a name that is no text, a recipe that is cut off
	return d
}
