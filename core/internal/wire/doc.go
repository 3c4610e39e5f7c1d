// Package wire is what host and plugin share about the line between them: the
// contract (lab.proto, with its generated code in pb), the handshake, and the
// conversions between protobuf messages and the nouns of package core.
//
// It must not know what a host does with an event or how a recipe makes one.
// Start with lab.proto, then handshake.go.
package wire

// The generator needs protoc 3.21 or newer on the PATH, and beside it
//
//	go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12
//	go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2
//
//go:generate protoc -I . --go_out=pb --go_opt=paths=source_relative --go-grpc_out=pb --go-grpc_opt=paths=source_relative lab.proto
