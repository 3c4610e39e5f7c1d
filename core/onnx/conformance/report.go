package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"lab/core/onnx/pb"
)

// The statuses that a case's process ends with; what else it ends with is a crash.
const (
	statusPass        = 0
	statusUnsupported = 10
	statusWrong       = 11
	statusCrash       = 12
)

// limit is how long a case may take.
const limit = 10 * time.Second

// outcomes are what a case can come to.
var outcomes = []string{"pass", "unsupported", "wrong", "crash", "hang"}

// result is one case.
type result struct {
	name    string
	ops     []string // of its nodes, each once
	opset   int64
	outcome string
	said    string // all of it when it crashed or hung
}

// runAll runs the cases, some at a time.
func runAll(models []string, processes int, inGraph bool) []result {
	results := make([]result, len(models))
	next := make(chan int)
	var wg sync.WaitGroup
	for range processes {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range next {
				results[i] = runOne(models[i], inGraph)
			}
		}()
	}
	for i := range models {
		next <- i
	}
	close(next)
	wg.Wait()
	return results
}

// runOne runs a case in a process of its own.
func runOne(model string, inGraph bool) result {
	r := result{name: filepath.Base(filepath.Dir(model))}
	r.ops, r.opset = operators(model)
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], fmt.Sprintf("-graph=%v", inGraph), "-case", filepath.Dir(model))
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGQUIT) } // it says where it is
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	said := strings.TrimSpace(string(out))
	r.said, _, _ = strings.Cut(said, "\n")
	var ended *exec.ExitError
	switch {
	case err == nil:
		r.outcome = "pass"
	case ctx.Err() != nil:
		r.outcome, r.said = "hang", said
	case errors.As(err, &ended) && ended.ExitCode() == statusUnsupported:
		r.outcome = "unsupported"
	case errors.As(err, &ended) && ended.ExitCode() == statusWrong:
		r.outcome = "wrong"
	default:
		r.outcome, r.said = "crash", said
		if said == "" {
			r.said = err.Error()
		}
	}
	return r
}

// operators lists the operators of a model and of its bodies and functions, those of
// other domains with their domain, and tells its opset.
func operators(path string) ([]string, int64) {
	ops, opset := map[string]bool{}, int64(0)
	if b, err := os.ReadFile(path); err == nil {
		if m, err := pb.Unmarshal(b); err == nil && m.Graph != nil {
			collect(m.Graph.Nodes, ops)
			for _, f := range m.Functions {
				collect(f.Nodes, ops)
				delete(ops, f.Name)
			}
			for _, o := range m.OpsetImports {
				opset = max(opset, o.Version)
			}
		}
	}
	return slices.Sorted(maps.Keys(ops)), opset
}

func collect(nodes []*pb.Node, ops map[string]bool) {
	for _, n := range nodes {
		name := n.OpType
		if n.Domain != "" && n.Domain != "ai.onnx" {
			name = n.Domain + "." + name
		}
		ops[name] = true
		for _, a := range n.Attributes {
			if a.G != nil {
				collect(a.G.Nodes, ops)
			}
		}
	}
}

// report counts outcomes.
type report struct {
	results []result
	byOp    map[string]map[string]int
	total   map[string]int
}

func newReport(results []result) *report {
	r := &report{results: results, byOp: map[string]map[string]int{}, total: map[string]int{}}
	for _, c := range results {
		r.total[c.outcome]++
		for _, op := range c.ops {
			if r.byOp[op] == nil {
				r.byOp[op] = map[string]int{}
			}
			r.byOp[op][c.outcome]++
		}
	}
	return r
}

// print writes the table: a case counts in the row of each of its operators, and once in
// the total.
func (r *report) print(w io.Writer, verbose bool) {
	line := func(name string, counts map[string]int) {
		fmt.Fprintf(w, "%-36s", name)
		for _, o := range outcomes {
			fmt.Fprintf(w, "%12s", count(counts[o]))
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "%-36s", "")
	for _, o := range outcomes {
		fmt.Fprintf(w, "%12s", o)
	}
	fmt.Fprintln(w)
	for _, op := range slices.SortedFunc(maps.Keys(r.byOp), func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) }) {
		line(op, r.byOp[op])
	}
	byOpset := map[int64]map[string]int{}
	for _, c := range r.results {
		if byOpset[c.opset] == nil {
			byOpset[c.opset] = map[string]int{}
		}
		byOpset[c.opset][c.outcome]++
	}
	fmt.Fprintln(w)
	for _, v := range slices.Sorted(maps.Keys(byOpset)) {
		line(fmt.Sprint("opset ", v), byOpset[v])
	}
	fmt.Fprintln(w)
	for _, p := range []struct {
		name string
		ops  [][]string
	}{{"only operators of the first rank", [][]string{first}}, {"of the first and second", [][]string{first, second}}} {
		line(p.name, r.among(p.ops...))
	}
	line("all", r.total)
	for _, c := range r.results {
		if c.outcome != "pass" && (verbose || c.outcome != "unsupported") {
			fmt.Fprintf(w, "%s: %s: %s\n", c.outcome, c.name, c.said)
		}
	}
}

func count(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

// among counts the cases that use no other operators.
func (r *report) among(ranks ...[]string) map[string]int {
	allowed, counts := map[string]bool{}, map[string]int{}
	for _, ops := range ranks {
		for _, op := range ops {
			allowed[op] = true
		}
	}
	for _, c := range r.results {
		only := len(c.ops) > 0
		for _, op := range c.ops {
			only = only && allowed[op]
		}
		if only {
			counts[c.outcome]++
		}
	}
	return counts
}

// broken says what of the promise does not hold: nothing is ever wrong, crashes or hangs;
// all cases of operators of the first rank pass, and nine of ten of the first and second.
func (r *report) broken(bars bool) []string {
	var b []string
	for _, o := range outcomes[2:] {
		if n := r.total[o]; n > 0 {
			b = append(b, fmt.Sprintf("%d cases: %s", n, o))
		}
	}
	if !bars {
		return b
	}
	if c := r.among(first); sum(c) != c["pass"] {
		b = append(b, fmt.Sprintf("%d of %d cases of operators of the first rank pass, not all", c["pass"], sum(c)))
	}
	if c := r.among(first, second); 10*c["pass"] < 9*sum(c) {
		b = append(b, fmt.Sprintf("%d of %d cases of operators of the first and second rank pass, not 9 of 10", c["pass"], sum(c)))
	}
	return b
}

func sum(counts map[string]int) int {
	n := 0
	for _, c := range counts {
		n += c
	}
	return n
}

// The operators that models of today are made of: those that every model uses, and those
// that come next.
var (
	first = strings.Fields(`Constant Identity Add Sub Mul Div Neg Pow Sqrt Exp Log Erf Tanh Sigmoid Relu LeakyRelu Gelu Softmax
		LogSoftmax MatMul Gemm Conv ConvTranspose BatchNormalization LayerNormalization MaxPool AveragePool GlobalAveragePool
		Flatten Reshape Transpose Concat Split Slice Gather Squeeze Unsqueeze Expand Shape Size Cast Where Equal ReduceMean
		ReduceSum Clip ConstantOfShape Range Trilu Dropout Pad`)
	second = strings.Fields(`LSTM GRU RNN Attention Resize InstanceNormalization GroupNormalization RMSNormalization
		RotaryEmbedding Min Max CastLike HardSigmoid HardSwish Less LessOrEqual Greater GreaterOrEqual And Or Xor Not BitwiseAnd
		BitwiseOr BitwiseXor BitwiseNot ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp
		ReduceSumSquare ArgMax ArgMin TopK GatherND GatherElements Scatter ScatterND ScatterElements Einsum
		NegativeLogLikelihoodLoss SoftmaxCrossEntropyLoss QuantizeLinear DequantizeLinear`)
)
