package contract

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/packages"
)

// usage finds out how events are used.
type usage struct {
	*program

	origins   *origins
	constants map[place]*constantEvent
	uses      []use
	untyped   []use
	internal  []string // events that servers send each other
	notes     []note
	failures  []note
}

// constantEvent is a constant that the packages declare.
type constantEvent struct {
	object *types.Const
	used   bool
}

// use is one place where an event goes one way.
type use struct {
	name       string
	object     types.Object // the constant, nil if it has no name
	kind       string       // Event or Call, "" for one without types
	of         []types.Type
	pos        token.Pos
	toServer   bool
	client     bool     // it is a client that does it
	namespaces []string // nil if they can't be told
	parameter  string   // what a handler calls the argument
}

type note struct {
	pos  token.Pos
	text string
}

func (u *usage) note(pos token.Pos, format string, args ...any) {
	u.notes = append(u.notes, note{pos, fmt.Sprintf(format, args...)})
}

// declare notes the constants of a package.
func (u *usage) declare(p *packages.Package) {
	for _, name := range p.Types.Scope().Names() {
		c, ok := p.Types.Scope().Lookup(name).(*types.Const)
		if !ok {
			continue
		}
		if kind, _ := eventType(c.Type()); kind != "" {
			u.constants[u.place(c)] = &constantEvent{object: c}
		}
	}
}

// file notes the uses in a file.
func (u *usage) file(info *types.Info, file *ast.File) {
	called := map[*ast.SelectorExpr]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			selector, ok := ast.Unparen(n.Fun).(*ast.SelectorExpr)
			if ok && info.Selections[selector] != nil {
				called[selector] = true
				u.method(info, selector, n.Args)
			}
		case *ast.SelectorExpr:
			if !called[n] && info.Selections[n] != nil {
				u.method(info, n, nil)
			}
		}
		return true
	})
}

// method notes a use of a method, with its arguments if it is called.
func (u *usage) method(info *types.Info, selector *ast.SelectorExpr, args []ast.Expr) {
	kind, of := eventType(info.TypeOf(selector.X))
	if kind == "" {
		u.core(info, selector, args)
		return
	}
	object := variable(info, ast.Unparen(selector.X))
	if _, ok := object.(*types.Const); ok {
		if known := u.constants[u.place(object)]; known != nil {
			known.used = true
		}
	} else {
		object = nil
	}
	name, ok := stringConstant(info, selector.X)
	if !ok {
		u.note(selector.Pos(), "the event of this %s is not a constant and is left out: declare it with const, and use it here", selector.Sel.Name)
		return
	}
	if slices.ContainsFunc(of, isParameter) {
		u.note(selector.Pos(), "the type of this event is a type parameter, so the event is left out: declare it as a constant of its own")
		return
	}
	method := selector.Sel.Name
	if method == "OnServer" || method == "ServerEmit" || method == "ServerAll" {
		u.internal = append(u.internal, name)
		return
	}
	one := use{name: name, object: object, kind: kind, of: of, pos: selector.Pos(), toServer: method == "Handle"}
	for i, arg := range args {
		switch {
		case ofClient(info, arg):
			one.client = true
			one.toServer = method == "Emit" || method == "Do"
		case one.namespaces == nil && i < 2:
			one.namespaces = u.namespaces(info, arg)
		}
		if params := parameters(info, arg); len(params) > 0 {
			one.parameter = params[len(params)-1].Name()
		}
	}
	u.uses = append(u.uses, one)
}

// core notes a use of a method that takes an event by its name alone.
func (u *usage) core(info *types.Info, selector *ast.SelectorExpr, args []ast.Expr) {
	f, ok := info.Selections[selector].Obj().(*types.Func)
	if !ok || !ours(f.Pkg()) {
		return
	}
	at := 0
	switch selector.Sel.Name {
	case "On", "Emit":
	case "Do", "All", "Receive":
		at = 1
	default:
		return
	}
	if at >= len(args) || !isString(info.TypeOf(args[at])) {
		return
	}
	name, ok := stringConstant(info, args[at])
	if !ok {
		u.note(selector.Pos(), "the name of the event of this %s is not a constant: it is left out", selector.Sel.Name)
		return
	}
	hears := selector.Sel.Name == "On" || selector.Sel.Name == "Receive"
	client := ofClient(info, selector.X)
	u.untyped = append(u.untyped, use{
		name:       name,
		pos:        selector.Pos(),
		toServer:   hears != client,
		client:     client,
		namespaces: u.namespaces(info, selector.X),
	})
}

// ofClient reports whether an expression is of brio's client: its type is, or it is
// what a method of one returns.
func ofClient(info *types.Info, x ast.Expr) bool {
	named, ok := deref(info.TypeOf(x)).(*types.Named)
	if ok && named.Obj().Pkg() != nil && (named.Obj().Pkg().Path() == clientPath || isNamed(named, brioPath, "Listener")) {
		return true
	}
	call, ok := ast.Unparen(x).(*ast.CallExpr)
	if !ok {
		return false
	}
	selector, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	return ok && info.Selections[selector] != nil && ofClient(info, selector.X)
}

func (u *usage) namespaces(info *types.Info, x ast.Expr) []string {
	if !places(info.TypeOf(x)) || isContext(info.TypeOf(x)) {
		return nil
	}
	names, ok := u.origins.namespaces(info, x)
	if !ok {
		return nil
	}
	return names
}

// stringConstant returns the text of an expression that is a constant.
func stringConstant(info *types.Info, x ast.Expr) (string, bool) {
	value := info.Types[x].Value
	if value == nil || value.Kind() != constant.String {
		return "", false
	}
	return constant.StringVal(value), true
}

func isParameter(t types.Type) bool {
	_, is := types.Unalias(t).(*types.TypeParam)
	return is
}

func isContext(t types.Type) bool {
	named, ok := types.Unalias(t).(*types.Named)
	return ok && isNamed(named, "context", "Context")
}

func isString(t types.Type) bool {
	basic, ok := t.Underlying().(*types.Basic)
	return ok && basic.Info()&types.IsString != 0
}

// all returns every use, in the order of the source; those without types have the
// types of an event of that name, if there is one.
func (u *usage) all() []use {
	typed := map[string]use{}
	for _, one := range u.sorted(u.uses) {
		if _, ok := typed[one.name]; !ok {
			typed[one.name] = one
		}
	}
	list := slices.Clone(u.uses)
	for _, c := range u.unused() {
		name := constant.StringVal(c.object.Val())
		if _, ok := typed[name]; ok || slices.Contains(u.internal, name) {
			continue // used by another name, or between servers
		}
		kind, of := eventType(c.object.Type())
		one := use{name: name, object: c.object, kind: kind, of: of, pos: c.object.Pos()}
		if slices.ContainsFunc(u.untyped, func(other use) bool { return other.name == name }) {
			typed[name] = one // used by its name
			continue
		}
		u.note(c.object.Pos(), "%s is not used here, and taken to go both ways: name the package that uses it too, or delete it", c.object.Name())
		list = append(list, one)
		one.toServer = true
		list = append(list, one)
	}
	for _, one := range u.untyped {
		if same, ok := typed[one.name]; ok {
			one.object, one.kind, one.of, one.parameter = same.object, same.kind, same.of, same.parameter
		}
		list = append(list, one)
	}
	return u.sorted(list)
}

func (u *usage) unused() []*constantEvent {
	var list []*constantEvent
	for _, c := range u.constants {
		if !c.used {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b *constantEvent) int { return u.compare(a.object.Pos(), b.object.Pos()) })
	return list
}

func (u *usage) sorted(list []use) []use {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b use) int { return u.compare(a.pos, b.pos) })
	return list
}

// compare orders places in the source, whatever the order in which it was read.
func (u *usage) compare(a, b token.Pos) int {
	x, y := u.fset.Position(a), u.fset.Position(b)
	return cmp.Or(cmp.Compare(x.Filename, y.Filename), cmp.Compare(x.Offset, y.Offset))
}
