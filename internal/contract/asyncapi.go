package contract

import "strings"

// AsyncAPI returns the contract as a document of AsyncAPI 3.0, in JSON. Its version
// is that of the contract. Namespaces are channels, and the application is the
// server: it receives what clients send. The payload of a message is the argument of
// its event; a message without one has none.
func (c *Contract) AsyncAPI(version string) []byte {
	channels, operations := object{}, object{}
	keys := names{}
	for _, ns := range c.Namespaces {
		channel := channel{contract: c, key: keys.pick(word(ns.Name, "main")), operations: &operations}
		channels.add(channel.key, channel.describe(ns))
	}
	document := object{
		{"asyncapi", "3.0.0"},
		{"info", object{{"title", c.Title}, {"version", version}}},
		{"defaultContentType", "application/json"},
		{"channels", channels},
		{"operations", operations},
	}
	if schemas := c.schemas(); len(schemas) > 0 {
		document.add("components", object{{"schemas", schemas}})
	}
	return document.text()
}

// channel is a namespace that is being described.
type channel struct {
	contract   *Contract
	key        string
	operations *object
	messages   object
}

func (c *channel) describe(ns Namespace) object {
	taken := names{}
	for _, e := range ns.ToServer {
		c.event(e, taken.pick("receive."+word(e.Name, "event")), true)
	}
	for _, e := range ns.ToClient {
		c.event(e, taken.pick("send."+word(e.Name, "event")), false)
	}
	var description object
	if ns.Name != "" {
		description.add("address", ns.Name)
	}
	description.add("messages", c.messages)
	if parameters := parametersOf(ns.Name); len(parameters) > 0 {
		description.add("parameters", parameters)
	}
	return description
}

// event adds an event's operation and messages.
func (c *channel) event(e Event, key string, toServer bool) {
	action := "send"
	if toServer {
		action = "receive"
	}
	c.messages.add(key, c.message(e.Name, documented(e.Doc, e.Argument), e.payload()))
	operation := object{
		{"action", action},
		{"channel", reference("channels", c.key)},
		{"messages", []any{reference("channels", c.key, "messages", key)}},
	}
	if answers := c.answers(e, key, toServer); len(answers) > 0 {
		operation.add("reply", object{{"channel", reference("channels", c.key)}, {"messages", answers}})
	}
	c.operations.add(c.key+"."+key, operation)
}

// answers adds what an event may be answered with, and returns references to that.
func (c *channel) answers(e Event, key string, toServer bool) (list []any) {
	if e.Untyped || !e.Call && !toServer {
		return nil
	}
	add := func(key, description string, payload any) {
		c.messages.add(key, c.message(e.Name, description, payload))
		list = append(list, reference("channels", c.key, "messages", key))
	}
	description := documented("The acknowledgement of "+e.Name+".", e.Answer)
	var answer any
	if e.Answer != nil {
		answer = schema(e.Answer)
	} else {
		description = "The acknowledgement of " + e.Name + ", without arguments."
	}
	add(key+".reply", description, answer)
	if toServer && c.contract.Failure {
		add(key+".failure", "The acknowledgement of "+e.Name+" if it fails.", reference("components", "schemas", "Failure"))
	}
	return list
}

func (c *channel) message(name, description string, payload any) object {
	m := object{{"name", name}}
	if description != "" {
		m.add("description", description)
	}
	if payload != nil {
		m.add("payload", payload)
	}
	return m
}

// payload returns the schema of the argument, nil for none.
func (e Event) payload() any {
	switch {
	case e.Untyped:
		return object{}
	case e.Argument == nil:
		return nil
	}
	return schema(e.Argument)
}

// word makes a key of a name: that of /org-{id} is org-id.
func word(name, none string) string {
	name = strings.NewReplacer("-{", "-", "_{", "_").Replace(name)
	parts := strings.FieldsFunc(name, func(r rune) bool {
		return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
	if len(parts) == 0 {
		return none
	}
	return strings.Join(parts, "_")
}

// parametersOf returns the wildcards in the name of a namespace.
func parametersOf(name string) (list object) {
	for {
		_, after, ok := strings.Cut(name, "{")
		wildcard, rest, closed := strings.Cut(after, "}")
		if !ok || !closed {
			return list
		}
		list.add(wildcard, object{})
		name = rest
	}
}

func reference(path ...string) object {
	return object{{"$ref", "#/" + strings.Join(path, "/")}}
}
