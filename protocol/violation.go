package protocol

// Violation is what is wrong with a value that came as an argument. As JSON it is
// what a peer is told; it holds nothing of the value but the names on the path to it.
type Violation struct {
	// Path is where the value stands in the argument, such as items[2].price or
	// labels["in stock"]; "" is the argument itself. It is cut at 256 bytes.
	Path string `json:"path"`
	// Rule is what the value breaks, for programs: one of the rules here, a keyword
	// of JSON Schema, or a word of the application's own.
	Rule string `json:"rule"`
	// Message says the same in English, without the path.
	Message string `json:"message"`
	// Params are what a text in another language needs, such as min and max.
	Params map[string]any `json:"params,omitempty"`
}

// The rules that decoding has.
const (
	RuleType    = "type"    // of another JSON type than the one in Params["expected"]
	RuleRange   = "range"   // a number beyond Params["min"] or Params["max"]
	RuleFormat  = "format"  // text, or anything, that the method which decodes it refuses
	RuleUnknown = "unknown" // a member for which there is no field
	RuleMissing = "missing" // no argument
	RuleSurplus = "surplus" // more arguments than one
)

// Error implements error: the path and the message.
func (v *Violation) Error() string {
	if v.Path == "" {
		return v.Message
	}
	return v.Path + ": " + v.Message
}

// mismatch is a value of another type than the one expected.
func mismatch(expected, a string) *Violation {
	return &Violation{Rule: RuleType, Message: "expected " + a, Params: map[string]any{"expected": expected}}
}
