package contract

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"go/token"
	"go/types"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

const (
	brioPath     = "github.com/briohq/brio"
	clientPath   = brioPath + "/client"
	protocolPath = brioPath + "/protocol"
)

// program is source that has been type-checked.
type program struct {
	packages []*packages.Package
	fset     *token.FileSet
	comments *comments
	base     string // directory that places in the source are told from
}

// Read reads the contract of the packages that the patterns stand for, as the go
// command has them in the directory dir, "" for the current one. It runs the go
// command to find and compile what they import. Each of the errors is a line that
// begins with a place in the source.
func Read(ctx context.Context, dir string, patterns ...string) (*Contract, error) {
	p, err := load(ctx, dir, nil, patterns)
	if err != nil {
		return nil, err
	}
	return p.contract()
}

// contract returns the contract of the program's packages.
func (p *program) contract() (*Contract, error) {
	u := &usage{program: p, origins: newOrigins(p.packages), constants: map[place]*constantEvent{}}
	for _, one := range p.packages {
		u.declare(one)
	}
	for _, one := range p.packages {
		for _, file := range one.Syntax {
			u.file(one.TypesInfo, file)
		}
	}
	return u.assemble(path.Base(p.packages[0].PkgPath))
}

// load reads packages, some of whose files may not be on disk.
func load(ctx context.Context, dir string, overlay map[string][]byte, patterns []string) (*program, error) {
	p := &program{fset: token.NewFileSet(), comments: &comments{overlay: overlay, files: map[string]map[declared]string{}}}
	base, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	p.base = base
	config := &packages.Config{
		Context: ctx,
		Mode:    packages.LoadSyntax,
		Dir:     dir,
		Fset:    p.fset,
		Overlay: overlay,
		// Comments are read from the files of other packages, whatever GOFLAGS says.
		BuildFlags: []string{"-trimpath=false"},
	}
	if p.packages, err = packages.Load(config, patterns...); err != nil {
		return nil, fmt.Errorf("read %s: %w", strings.Join(patterns, " "), err)
	}
	if len(p.packages) == 0 {
		return nil, fmt.Errorf("no package is %s: name a directory for which this works:\n\tgo list -export %[1]s", strings.Join(patterns, " "))
	}
	slices.SortFunc(p.packages, func(a, b *packages.Package) int { return cmp.Compare(a.PkgPath, b.PkgPath) })
	return p, p.complaints()
}

// complaints are the errors of the go command and of the type checker. What the
// compiler says too is left out.
func (p *program) complaints() error {
	var all, placed []error
	for _, one := range p.packages {
		for _, e := range one.Errors {
			err := p.complaint(one, e)
			all = append(all, err)
			if e.Kind == packages.ParseError || e.Kind == packages.TypeError {
				placed = append(placed, err)
			}
		}
	}
	if len(placed) > 0 {
		all = placed
	}
	return errors.Join(all...)
}

// complaint is an error of the go command or of the type checker.
func (p *program) complaint(one *packages.Package, e packages.Error) error {
	file, rest, ok := strings.Cut(e.Pos, ":")
	if !ok || file == "" || file == "-" {
		return fmt.Errorf("%s: %s", one.PkgPath, e.Msg)
	}
	line, _, _ := strings.Cut(rest, ":")
	return fmt.Errorf("%s:%s: %s", p.short(file), line, e.Msg)
}

// at returns a place in the source, as people read it.
func (p *program) at(pos token.Pos) string {
	position := p.fset.Position(pos)
	return fmt.Sprintf("%s:%d", p.short(position.Filename), position.Line)
}

func (p *program) short(file string) string {
	if rel, err := filepath.Rel(p.base, file); err == nil && filepath.IsLocal(rel) {
		return filepath.ToSlash(rel)
	}
	return file
}

// place is where something is declared: the same whether its package was read from
// source or not.
type place struct {
	path string // of its package
	name string
	line int
}

func (p *program) place(o types.Object) place {
	at := place{name: o.Name(), line: p.fset.Position(o.Pos()).Line}
	if o.Pkg() != nil {
		at.path = o.Pkg().Path()
	}
	return at
}

func (p *program) comment(o types.Object) string {
	return p.comments.of(p.fset.Position(o.Pos()), o.Name())
}

// ours reports whether a package is of brio.
func ours(p *types.Package) bool {
	return p != nil && (p.Path() == brioPath || p.Path() == clientPath)
}

// eventType returns Event or Call if t is one of brio's, and what it is of.
func eventType(t types.Type) (kind string, of []types.Type) {
	if t == nil {
		return "", nil
	}
	named, ok := deref(t).(*types.Named)
	if !ok || !isNamed(named, brioPath, "Event") && !isNamed(named, brioPath, "Call") {
		return "", nil
	}
	return named.Obj().Name(), slices.Collect(named.TypeArgs().Types())
}

func isNamed(named *types.Named, path, name string) bool {
	o := named.Obj()
	return o.Pkg() != nil && o.Pkg().Path() == path && o.Name() == name
}

// customEnvelope reports whether the program sets Config.AckError.
func (p *program) customEnvelope() bool {
	custom := false
	for _, one := range p.packages {
		for ident, o := range one.TypesInfo.Uses {
			v, ok := o.(*types.Var)
			custom = custom || ok && v.IsField() && ident.Name == "AckError" && v.Pkg().Path() == brioPath
		}
	}
	return custom
}
