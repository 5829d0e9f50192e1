package schema

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/briohq/brio"
	"github.com/briohq/brio/internal/jsonfield"
)

// maxViolations is how many are told.
const maxViolations = 8

// violations returns what a failure says about v.
func violations(failure *jsonschema.ValidationError, v any) error {
	c := collector{root: v}
	c.collect(failure)
	slices.SortStableFunc(c.found, func(a, b *brio.Violation) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Rule, b.Rule))
	})
	if len(c.found) == 1 {
		return c.found[0]
	}
	var errs []error
	for _, one := range c.found[:min(len(c.found), maxViolations)] {
		errs = append(errs, one)
	}
	return errors.Join(errs...)
}

// collector gathers the leaves of a failure.
type collector struct {
	root  any
	found []*brio.Violation
}

func (c *collector) collect(e *jsonschema.ValidationError) {
	switch k := e.ErrorKind.(type) {
	case *kind.AnyOf, *kind.OneOf:
		// Null is an alternative to what was meant.
		meant := slices.DeleteFunc(slices.Clone(e.Causes), func(cause *jsonschema.ValidationError) bool {
			t, ok := cause.ErrorKind.(*kind.Type)
			return ok && len(cause.InstanceLocation) == len(e.InstanceLocation) && slices.Equal(t.Want, []string{"null"})
		})
		if len(meant) == 1 && len(e.Causes) > 1 {
			c.collect(meant[0])
			return
		}
	case *kind.Required:
		for _, name := range k.Missing {
			c.add(e, append(slices.Clip(e.InstanceLocation), name), "required", "expected a value", nil)
		}
		return
	case *kind.AdditionalProperties:
		for _, name := range k.Properties[:min(len(k.Properties), maxViolations)] {
			c.add(e, append(slices.Clip(e.InstanceLocation), name), "additionalProperties", "unknown field", nil)
		}
		return
	case *kind.Schema, *kind.Group, *kind.Reference, *kind.AllOf, *kind.ContentSchema:
		if len(e.Causes) > 0 {
			for _, cause := range e.Causes {
				c.collect(cause)
			}
			return
		}
	}
	rule, message, params := describe(e.ErrorKind)
	c.add(e, e.InstanceLocation, rule, message, params)
}

func (c *collector) add(_ *jsonschema.ValidationError, location []string, rule, message string, params map[string]any) {
	v := brio.Invalid(c.path(location), rule, message)
	v.Params = params
	c.found = append(c.found, v)
}

// path writes down a location. Whether a number in it is an index is seen from the
// value.
func (c *collector) path(location []string) string {
	var path []byte
	at := c.root
	for _, token := range location {
		list, ok := at.([]any)
		i, err := strconv.Atoi(token)
		if ok && err == nil && i >= 0 && i < len(list) {
			path, at = jsonfield.AppendIndex(path, i), list[i]
			continue
		}
		members, _ := at.(map[string]any)
		path, at = jsonfield.AppendName(path, token), members[token]
	}
	return jsonfield.Path(path)
}

// describe returns what is told of a keyword that was broken: nothing of the value.
func describe(k jsonschema.ErrorKind) (rule, message string, params map[string]any) {
	switch k := k.(type) {
	case *kind.Type:
		return "type", "expected " + strings.Join(k.Want, " or "), map[string]any{"expected": strings.Join(k.Want, " or ")}
	case *kind.Enum:
		return choice("enum", k.Want)
	case *kind.Const:
		return choice("const", []any{k.Want})
	case *kind.Format:
		return "format", "expected the format " + k.Want, map[string]any{"format": k.Want}
	case *kind.Pattern:
		return "pattern", "expected another form", map[string]any{"pattern": jsonfield.Cut(k.Want, 256)}
	case *kind.MinLength:
		return bound("minLength", "min", k.Want, "expected at least %v characters")
	case *kind.MaxLength:
		return bound("maxLength", "max", k.Want, "expected at most %v characters")
	case *kind.MinItems:
		return bound("minItems", "min", k.Want, "expected at least %v elements")
	case *kind.MaxItems:
		return bound("maxItems", "max", k.Want, "expected at most %v elements")
	case *kind.MinProperties:
		return bound("minProperties", "min", k.Want, "expected at least %v fields")
	case *kind.MaxProperties:
		return bound("maxProperties", "max", k.Want, "expected at most %v fields")
	case *kind.Minimum:
		return bound("minimum", "min", number(k.Want), "expected at least %v")
	case *kind.Maximum:
		return bound("maximum", "max", number(k.Want), "expected at most %v")
	case *kind.ExclusiveMinimum:
		return bound("exclusiveMinimum", "min", number(k.Want), "expected more than %v")
	case *kind.ExclusiveMaximum:
		return bound("exclusiveMaximum", "max", number(k.Want), "expected less than %v")
	case *kind.MultipleOf:
		return bound("multipleOf", "of", number(k.Want), "expected a multiple of %v")
	case *kind.UniqueItems:
		return "uniqueItems", "expected no element twice", nil
	case *kind.FalseSchema:
		return "false", "expected nothing here", nil
	case *kind.Not:
		return "not", "expected something else", nil
	}
	rule = "schema"
	if path := k.KeywordPath(); len(path) > 0 {
		rule = path[0]
	}
	return rule, "does not fit", nil
}

func bound(rule, name string, want any, format string) (string, string, map[string]any) {
	return rule, fmt.Sprintf(format, want), map[string]any{name: want}
}

// choice names the values that are allowed, if that is not too much.
func choice(rule string, want []any) (string, string, map[string]any) {
	text, err := json.Marshal(want)
	if err != nil || len(text) > 512 {
		return rule, "expected another value", nil
	}
	list := strings.TrimSuffix(strings.TrimPrefix(string(text), "["), "]")
	if len(want) > 1 {
		list = "one of " + list
	}
	return rule, "expected " + list, map[string]any{"allowed": json.RawMessage(text)}
}

// number returns one as it would be written.
func number(r *big.Rat) json.Number {
	if r.IsInt() {
		return json.Number(r.Num().String())
	}
	f, _ := r.Float64()
	return json.Number(strconv.FormatFloat(f, 'g', -1, 64))
}
