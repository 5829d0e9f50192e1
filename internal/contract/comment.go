package contract

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
)

// comments finds the comments of what is declared, in files that it reads once.
// Those of other packages are not type-checked from source, so it reads itself.
type comments struct {
	overlay map[string][]byte // files that are not on disk
	files   map[string]map[declared]string
}

// declared is where a name is declared in a file.
type declared struct {
	line int
	name string
}

// of returns the comment of what is declared there, "" if the file is not to be had.
func (c *comments) of(at token.Position, name string) string {
	known, ok := c.files[at.Filename]
	if !ok {
		known = map[declared]string{}
		fset := token.NewFileSet()
		var text any
		if overlaid, ok := c.overlay[at.Filename]; ok {
			text = overlaid
		}
		if file, err := parser.ParseFile(fset, at.Filename, text, parser.ParseComments|parser.SkipObjectResolution); err == nil {
			collect(fset, file, known)
		}
		c.files[at.Filename] = known
	}
	return known[declared{at.Line, name}]
}

// collect finds the comments in a file.
func collect(fset *token.FileSet, file *ast.File, known map[declared]string) {
	put := func(name *ast.Ident, text string) {
		known[declared{fset.Position(name.Pos()).Line, name.Name}] = text
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GenDecl:
			for i, spec := range n.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					put(spec.Name, text(first(spec.Doc, n.Doc, len(n.Specs) == 1), spec.Comment))
				case *ast.ValueSpec:
					doc := first(spec.Doc, n.Doc, !n.Lparen.IsValid())
					if heads(fset, n.Specs, i) {
						doc = nil
					}
					for _, name := range spec.Names {
						put(name, text(doc, spec.Comment))
					}
				}
			}
		case *ast.StructType:
			for _, field := range n.Fields.List {
				for _, name := range field.Names {
					put(name, text(field.Doc, field.Comment))
				}
				if name := embedded(field); name != nil {
					put(name, text(field.Doc, field.Comment))
				}
			}
		}
		return true
	})
}

// heads reports whether the comment above a constant is that of the paragraph which
// it begins: the next line has a constant without a comment above it.
func heads(fset *token.FileSet, specs []ast.Spec, i int) bool {
	if i+1 == len(specs) {
		return false
	}
	next, ok := specs[i+1].(*ast.ValueSpec)
	return ok && next.Doc == nil && fset.Position(next.Pos()).Line == fset.Position(specs[i].End()).Line+1
}

// first returns the comment of a spec, or that of its declaration if it is alone.
func first(own, outer *ast.CommentGroup, alone bool) *ast.CommentGroup {
	if own == nil && alone {
		return outer
	}
	return own
}

// embedded returns the name of a field without one.
func embedded(field *ast.Field) *ast.Ident {
	if len(field.Names) > 0 {
		return nil
	}
	for x := field.Type; ; {
		switch t := x.(type) {
		case *ast.Ident:
			return t
		case *ast.SelectorExpr:
			return t.Sel
		case *ast.StarExpr:
			x = t.X
		case *ast.IndexExpr:
			x = t.X
		case *ast.IndexListExpr:
			x = t.X
		default:
			return nil
		}
	}
}

// text joins the comment above with the one behind.
func text(above, behind *ast.CommentGroup) string {
	var parts []string
	for _, group := range []*ast.CommentGroup{above, behind} {
		if s := strings.TrimSpace(group.Text()); s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, "\n")
}
