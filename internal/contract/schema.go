package contract

import "slices"

// schemas returns the JSON Schemas of the named types.
func (c *Contract) schemas() object {
	var list object
	for _, named := range c.Types {
		list.add(named.Name, described(schema(named.Shape), documented(named.Doc, named.Shape)))
	}
	if c.fails() {
		list.add("Failure", object{
			{"description", "What a call is answered with if it fails."},
			{"type", "object"},
			{"properties", object{{"error", object{
				{"type", "object"},
				{"properties", object{{"message", object{{"type", "string"}}}, {"data", object{}}}},
				{"required", []any{"message"}},
			}}}},
			{"required", []any{"error"}},
		})
	}
	return list
}

// schemaTypes are the schemas of kinds that are not made of others.
var schemaTypes = map[Kind]object{
	Unknown: {},
	Boolean: {{"type", "boolean"}},
	Integer: {{"type", "integer"}},
	Number:  {{"type", "number"}},
	String:  {{"type", "string"}},
	Time:    {{"type", "string"}, {"format", "date-time"}},
	Base64:  {{"type", "string"}, {"contentEncoding", "base64"}},
	Binary:  {{"type", "string"}, {"format", "binary"}},
}

// schema returns the JSON Schema of a shape.
func schema(s *Shape) object {
	switch s.Kind {
	case Literals:
		return object{{"type", "string"}, {"enum", list(s.Literals)}}
	case Nullable:
		return object{{"oneOf", []any{schema(s.Element), object{{"type", "null"}}}}}
	case List:
		return object{{"type", "array"}, {"items", schema(s.Element)}}
	case Tuple:
		return object{{"type", "array"}, {"items", schema(s.Element)}, {"minItems", s.Length}, {"maxItems", s.Length}}
	case Map:
		return object{{"type", "object"}, {"additionalProperties", schema(s.Element)}}
	case Reference:
		return reference("components", "schemas", s.Named.Name)
	case Object:
		return objectSchema(s.Fields)
	}
	return slices.Clone(schemaTypes[s.Kind])
}

func objectSchema(fields []Field) object {
	o := object{{"type", "object"}}
	var properties object
	var required []string
	for _, f := range fields {
		properties.add(f.Name, described(schema(f.Shape), documented(f.Doc, f.Shape)))
		if !f.Optional {
			required = append(required, f.Name)
		}
	}
	if len(properties) > 0 {
		o.add("properties", properties)
	}
	if len(required) > 0 {
		o.add("required", list(required))
	}
	return o
}

// described adds a description to a schema. What is beside a reference does not
// count, so that is put into an allOf.
func described(o object, text string) object {
	if text == "" {
		return o
	}
	if len(o) == 1 && o[0].key == "$ref" {
		o = object{{"allOf", []any{o}}}
	}
	return slices.Insert(o, 0, member{"description", text})
}

func list(texts []string) []any {
	all := make([]any, len(texts))
	for i, text := range texts {
		all[i] = text
	}
	return all
}
