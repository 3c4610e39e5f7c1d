package protocol

// What a request asks for.
const (
	Hello = "hello" // Versions
	Build = "build" // a workload, in place of the one before
	Check = "check" // the losses of the next Steps steps
	Time  = "time"  // the seconds that Steps steps take, after Warm untimed ones
)

// Request is one line to a contender.
type Request struct {
	Do       string `json:"do"`
	Workload string `json:"workload,omitempty"`
	Args     []int  `json:"args,omitempty"`  // the sizes of a workload of one op
	State    string `json:"state,omitempty"` // safetensors file with the weights and the batch, see BatchPrefix
	Write    bool   `json:"write,omitempty"` // write State instead of reading it
	Steps    int    `json:"steps,omitempty"`
	Warm     int    `json:"warm,omitempty"`
}

// Reply is one line from a contender. Missing says that the contender cannot do what
// was asked and why; Error that it should have been able to.
type Reply struct {
	Missing    string    `json:"missing,omitempty"`
	Error      string    `json:"error,omitempty"`
	Versions   []string  `json:"versions,omitempty"`
	Parameters int       `json:"parameters,omitempty"`
	Losses     []float64 `json:"losses,omitempty"`
	Seconds    float64   `json:"seconds,omitempty"`
}

// BatchPrefix begins the names of a batch's tensors in a state file; all other
// tensors are weights, in PyTorch's names and layout.
const BatchPrefix = "batch."
