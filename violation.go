package brio

import (
	"errors"
	"fmt"

	"github.com/briohq/brio/internal/jsonfield"
	"github.com/briohq/brio/protocol"
)

// Violation is what is wrong with a value that a client sent, or another server: a
// place in the argument, a rule, and a text in English. It is told to who sent the
// value, as the data of an [Error], wherever a handler, middleware or a Validate
// returns it; [errors.Join] tells several at once. See [Refusal] for what comes out.
type Violation = protocol.Violation

// Invalid returns a violation; add Params to it if the rule has some. The path is from
// the value that is validated on: "" for that itself, such as items[2].price for one
// inside. The rule is for programs, the message for people.
func Invalid(path, rule, message string) *Violation {
	return &Violation{Path: path, Rule: rule, Message: message}
}

// CodeInvalid is the code in the data of the error with which an argument is refused.
const CodeInvalid = "invalid"

// Refusal is that data. The message of the error is the path and the message of the
// violation.
type Refusal struct {
	Code string `json:"code"` // CodeInvalid
	Violation
	// Errors are all violations, if there are several: at most 8, the first of which
	// is above.
	Errors []Violation `json:"errors,omitempty"`
}

// What is told of violations: so many, and so many bytes of each text.
const (
	maxViolations = 8
	maxText       = 256
)

// newRefusal returns the error that violations are; there is one at least.
func newRefusal(list []Violation) *Error {
	list = list[:min(len(list), maxViolations)]
	for i := range list {
		v := &list[i]
		v.Path, v.Message, v.Rule = jsonfield.Cut(v.Path, maxText), jsonfield.Cut(v.Message, maxText), jsonfield.Cut(v.Rule, maxText/4)
	}
	e, data := &Error{Message: list[0].Error()}, Refusal{Code: CodeInvalid, Violation: list[0]}
	if len(list) > 1 {
		e.Message += fmt.Sprintf(" (and %d more)", len(list)-1)
		data.Errors = list
	}
	e.Data = data
	return e
}

// refusalOf returns the error that the violations in err are, nil if there are none.
func refusalOf(err error) *Error {
	if _, ok := errors.AsType[*Violation](err); !ok {
		return nil
	}
	var list []Violation
	for part := range parts(err) {
		if v, ok := errors.AsType[*Violation](part); ok {
			list = append(list, *v)
		}
	}
	return newRefusal(list)
}

// parts yields what errors.Join has joined, however deep, or err itself.
func parts(err error) func(yield func(error) bool) {
	return func(yield func(error) bool) { eachPart(err, yield) }
}

func eachPart(err error, yield func(error) bool) bool {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return yield(err)
	}
	for _, one := range joined.Unwrap() {
		if !eachPart(one, yield) {
			return false
		}
	}
	return true
}
