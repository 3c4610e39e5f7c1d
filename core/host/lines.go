package host

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// maxLine is the length in bytes to which a line of a plugin's output is cut.
const maxLine = 8 << 10

// eachLine calls f for every line of r until r ends. A line however long takes
// maxLine bytes of memory.
func eachLine(r io.Reader, f func(string)) {
	b := bufio.NewReaderSize(r, maxLine)
	var line strings.Builder
	dropped := 0
	for {
		part, more, err := b.ReadLine()
		if err != nil {
			return
		}
		if room := maxLine - line.Len(); len(part) > room {
			dropped += len(part) - room
			part = part[:room]
		}
		line.Write(part)
		if more {
			continue
		}
		if dropped > 0 {
			fmt.Fprintf(&line, "… (%d bytes more)", dropped)
		}
		f(strings.ToValidUTF8(line.String(), "\uFFFD"))
		line.Reset()
		dropped = 0
	}
}
