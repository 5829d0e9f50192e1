package contract

import (
	"go/ast"
	"go/constant"
	"go/types"
	"maps"
	"slices"

	"golang.org/x/tools/go/packages"
)

// origins knows where the values of variables come from, to tell in which namespace
// an event is used. It looks at all that is ever assigned to a variable, a field, a
// parameter, whatever the order, and not into maps, slices and channels.
type origins struct {
	sources map[types.Object][]source
	results map[*types.Func][]source
}

// source is an expression whose value a variable may have.
type source struct {
	info *types.Info
	expr ast.Expr
}

func newOrigins(list []*packages.Package) *origins {
	o := &origins{sources: map[types.Object][]source{}, results: map[*types.Func][]source{}}
	for _, p := range list {
		for _, file := range p.Syntax {
			o.collect(p.TypesInfo, file)
		}
	}
	return o
}

func (o *origins) collect(info *types.Info, file *ast.File) {
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || f.Body == nil {
			continue
		}
		self, _ := info.Defs[f.Name].(*types.Func)
		ast.Inspect(f.Body, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncLit:
				return false // what it returns is not what f does
			case *ast.ReturnStmt:
				for _, x := range n.Results {
					o.results[self] = append(o.results[self], source{info, x})
				}
			}
			return true
		})
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, left := range n.Lhs {
				o.flow(info, variable(info, left), n.Rhs[min(i, len(n.Rhs)-1)])
			}
		case *ast.ValueSpec:
			for i, name := range n.Names {
				if len(n.Values) > 0 {
					o.flow(info, info.Defs[name], n.Values[min(i, len(n.Values)-1)])
				}
			}
		case *ast.RangeStmt:
			o.flow(info, variable(info, n.Key), n.X)
			o.flow(info, variable(info, n.Value), n.X)
		case *ast.CompositeLit:
			o.literal(info, n)
		case *ast.CallExpr:
			o.call(info, n)
		}
		return true
	})
}

// flow notes that a variable may have the value of an expression.
func (o *origins) flow(info *types.Info, to types.Object, from ast.Expr) {
	if v, ok := to.(*types.Var); ok && places(v.Type()) {
		o.sources[v.Origin()] = append(o.sources[v.Origin()], source{info, from})
	}
}

func (o *origins) literal(info *types.Info, lit *ast.CompositeLit) {
	structure, ok := deref(info.TypeOf(lit)).Underlying().(*types.Struct)
	if !ok {
		return
	}
	for i, element := range lit.Elts {
		if pair, ok := element.(*ast.KeyValueExpr); ok {
			if key, ok := pair.Key.(*ast.Ident); ok {
				o.flow(info, info.Uses[key], pair.Value)
			}
			continue
		}
		o.flow(info, structure.Field(i), element)
	}
}

// call notes what the parameters of a function may be: one that is called here, and
// one that is given to a method of brio, whose sockets are those of a namespace.
func (o *origins) call(info *types.Info, call *ast.CallExpr) {
	if f := callee(info, call); f != nil && !ours(f.Pkg()) {
		params := f.Signature().Params()
		for i, arg := range call.Args {
			if params.Len() > 0 {
				o.flow(info, params.At(min(i, params.Len()-1)), arg)
			}
		}
		return
	}
	selector, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok || info.Selections[selector] == nil {
		return
	}
	from := selector.X
	if kind, _ := eventType(info.TypeOf(selector.X)); kind != "" && len(call.Args) > 0 {
		from = call.Args[0]
	}
	for _, arg := range call.Args {
		for _, param := range parameters(info, arg) {
			o.flow(info, param, from)
		}
	}
}

// namespaces returns the names of the namespaces that an expression may belong to.
// It is not ok if that can't be told.
func (o *origins) namespaces(info *types.Info, x ast.Expr) (names []string, ok bool) {
	found := map[string]bool{}
	ok = o.trace(source{info, x}, found, map[types.Object]bool{})
	return slices.Sorted(maps.Keys(found)), ok && len(found) > 0
}

func (o *origins) trace(s source, found map[string]bool, seen map[types.Object]bool) bool {
	switch x := ast.Unparen(s.expr).(type) {
	case *ast.Ident, *ast.SelectorExpr:
		v, ok := variable(s.info, x).(*types.Var)
		return ok && o.traceAll(v.Origin(), o.sources[v.Origin()], found, seen)
	case *ast.StarExpr:
		return o.trace(source{s.info, x.X}, found, seen)
	case *ast.UnaryExpr:
		return o.trace(source{s.info, x.X}, found, seen)
	case *ast.TypeAssertExpr:
		return o.trace(source{s.info, x.X}, found, seen)
	case *ast.CallExpr:
		return o.traceCall(source{s.info, x}, x, found, seen)
	}
	return false
}

func (o *origins) traceCall(s source, call *ast.CallExpr, found map[string]bool, seen map[types.Object]bool) bool {
	if s.info.Types[call.Fun].IsType() { // a conversion
		return o.trace(source{s.info, call.Args[0]}, found, seen)
	}
	f := callee(s.info, call)
	switch {
	case f == nil:
		return false
	case !ours(f.Pkg()):
		return o.traceAll(f.Origin(), o.results[f.Origin()], found, seen)
	}
	selector, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	switch {
	case !ok:
		return false
	case f.Name() == "Of" && len(call.Args) == 1:
		name := s.info.Types[call.Args[0]].Value
		if name == nil || name.Kind() != constant.String {
			return false
		}
		found[constant.StringVal(name)] = true
		return true
	}
	return o.trace(source{s.info, selector.X}, found, seen)
}

func (o *origins) traceAll(of types.Object, list []source, found map[string]bool, seen map[types.Object]bool) bool {
	if seen[of] {
		return true
	}
	seen[of] = true
	ok := len(list) > 0
	for _, s := range list {
		if t := s.info.TypeOf(s.expr); t != nil && !places(t) && !isSequence(t) {
			continue // another of several results
		}
		ok = o.trace(s, found, seen) && ok
	}
	return ok
}

// places reports whether a type may be of a namespace: what brio has, and any
// interface or tuple.
func places(t types.Type) bool {
	switch t := deref(t).(type) {
	case *types.Named:
		if types.IsInterface(t) {
			return t.Obj().Name() != "error"
		}
		return ours(t.Obj().Pkg())
	case *types.Interface, *types.Tuple, *types.TypeParam:
		return true
	}
	return false
}

// isSequence reports whether a type is that of something to range over.
func isSequence(t types.Type) bool {
	_, is := t.Underlying().(*types.Signature)
	return is
}

// variable returns what an expression names.
func variable(info *types.Info, x ast.Expr) types.Object {
	switch x := x.(type) {
	case *ast.Ident:
		return info.ObjectOf(x)
	case *ast.SelectorExpr:
		return info.ObjectOf(x.Sel)
	}
	return nil
}

// callee returns the function or method that is called, nil for a value.
func callee(info *types.Info, call *ast.CallExpr) *types.Func {
	x := ast.Unparen(call.Fun)
	switch index := x.(type) {
	case *ast.IndexExpr:
		x = index.X
	case *ast.IndexListExpr:
		x = index.X
	}
	f, _ := variable(info, x).(*types.Func)
	if f != nil {
		f = f.Origin()
	}
	return f
}

// parameters returns those of a function that an expression names or is.
func parameters(info *types.Info, x ast.Expr) []*types.Var {
	var signature *types.Signature
	switch x := ast.Unparen(x).(type) {
	case *ast.FuncLit:
		signature, _ = info.TypeOf(x).(*types.Signature)
	case *ast.Ident, *ast.SelectorExpr:
		if f, ok := variable(info, x).(*types.Func); ok {
			signature = f.Origin().Signature()
		}
	}
	if signature == nil {
		return nil
	}
	return slices.Collect(signature.Params().Variables())
}

// deref returns what a pointer points to, behind aliases.
func deref(t types.Type) types.Type {
	t = types.Unalias(t)
	if p, ok := t.(*types.Pointer); ok {
		return types.Unalias(p.Elem())
	}
	return t
}
