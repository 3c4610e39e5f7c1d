// Command bench measures lab's training steps against its peers: PyTorch,
// ONNX Runtime, stock Gorgonia, GoMLX, and other builds of lab. docs/performance.md says how to use it
// and what each workload is.
//
//	go run ./bench                             every workload, every peer that is here
//	go run ./bench -workload 'mlp|cnn' -peers eager,compile -threads 1,2 -rounds 9
//	go run ./bench -peers build:/tmp/old       before and after: another build of this command
//	go run ./bench -sweep gemm                 one op over many sizes, as a share of what the CPU can do
//	go run ./bench -busy pinned                with a busy neighbour: who suffers how much
//	go run ./bench -profile -workload cnn      where lab's step goes, call by call
//
// All contenders are child processes that time themselves on request
// (bench/protocol), in turns, so that a machine that slows down slows them all; what
// is compared is always two timings of the same round. Start with main.go and
// rounds.go.
package main
