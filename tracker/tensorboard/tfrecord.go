package tensorboard

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// A TFRecord is
//
//	uint64 length · uint32 masked CRC of the length · data · uint32 masked CRC of the data
//
// little-endian, the CRC being CRC-32C (tensorflow/core/lib/io/record_writer.h).

// maxRecord bounds a record: TensorFlow writes graphs and pictures of some
// megabytes.
const maxRecord = 256 << 20

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func maskedCRC(b []byte) uint32 {
	c := crc32.Checksum(b, castagnoli)
	return (c>>15 | c<<17) + 0xa282ead8
}

// recordReader reads records; offset is where the last one began.
type recordReader struct {
	r      *bufio.Reader
	offset int64
	next   int64
	buf    bytes.Buffer
}

func newRecordReader(r io.Reader) *recordReader {
	return &recordReader{r: bufio.NewReaderSize(r, 256<<10)}
}

// read returns the next record, to be used until the next call. It returns io.EOF
// at the end of the file, and where the last record is not complete: it is still
// being written, or its writer was killed.
func (r *recordReader) read() ([]byte, error) {
	r.offset = r.next
	var head [12]byte
	if _, err := io.ReadFull(r.r, head[:]); err != nil {
		return nil, atEnd(err)
	}
	n := binary.LittleEndian.Uint64(head[:8])
	if binary.LittleEndian.Uint32(head[8:]) != maskedCRC(head[:8]) {
		return nil, fmt.Errorf("the record at byte %d is damaged", r.offset)
	}
	if n > maxRecord {
		return nil, fmt.Errorf("the record at byte %d has %d bytes", r.offset, n)
	}
	r.buf.Reset()
	if _, err := io.CopyN(&r.buf, r.r, int64(n)+4); err != nil { // grows with what is there, not with what is said
		return nil, atEnd(err)
	}
	b := r.buf.Bytes()
	data := b[:n]
	if binary.LittleEndian.Uint32(b[n:]) != maskedCRC(data) {
		return nil, fmt.Errorf("the record at byte %d is damaged", r.offset)
	}
	r.next = r.offset + int64(n) + 16
	return data, nil
}

func atEnd(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return io.EOF
	}
	return err
}

func writeRecord(w io.Writer, data []byte) error {
	head := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	head = binary.LittleEndian.AppendUint32(head, maskedCRC(head))
	if _, err := w.Write(head); err != nil {
		return err
	}
	if _, err := w.Write(data); err != nil {
		return err
	}
	_, err := w.Write(binary.LittleEndian.AppendUint32(nil, maskedCRC(data)))
	return err
}
