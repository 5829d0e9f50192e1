package conformance

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/briohq/brio/internal/contract"
)

// What brio types writes is what the official tools take: TypeScript with the types
// of the official client and of brio.js, which refuse what a contract does not have,
// and AsyncAPI.

func TestTypesCompile(t *testing.T) {
	for name, source := range map[string]string{"sample": "../internal/contract/testdata/sample", "chat": "../apps/chat"} {
		types := readContract(t, source).TypeScript()
		for _, from := range []string{"socket.io-client", "/socket.io/brio.js"} {
			t.Run(name+" with "+filepath.Base(from), func(t *testing.T) {
				dir := t.TempDir()
				use, err := os.ReadFile(filepath.Join("types", name+".ts"))
				if err != nil {
					t.Fatal(err)
				}
				writeFile(t, filepath.Join(dir, "use.ts"), bytes.Replace(use, []byte(`"socket.io-client"`), []byte(strconv.Quote(from)), 1))
				writeFile(t, filepath.Join(dir, name+".d.ts"), types)
				if problems := compile(t, dir, []string{"use.ts", name + ".d.ts"}, nil); problems != "" {
					t.Error(problems)
				}
			})
		}
	}
}

// What the guide shows of pages is right.
func TestTypesGuideCompiles(t *testing.T) {
	text, err := os.ReadFile("../docs/guide/types.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files := []string{"stroke.d.ts"}
	writeFile(t, filepath.Join(dir, "stroke.d.ts"), []byte(`declare function stroke(points: [number, number][], ink: "black" | "red"): void;
declare function io(namespace: string): any;`))
	writeFile(t, filepath.Join(dir, "board.d.ts"), readContract(t, "../docs/guide/types").TypeScript())
	for _, block := range regexp.MustCompile("(?s)```(ts|js)\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		language, code := block[1], block[2]
		if !strings.Contains(code, "Socket<") {
			continue // what is generated
		}
		if language == "js" {
			code += "\nsocket.emit(\"draw\", { points: [[1, 2]], ink: \"red\" });\n// @ts-expect-error no such ink\nsocket.emit(\"draw\", { points: [], ink: \"green\" });\nexport {};\n"
		}
		files = append(files, "page."+language)
		writeFile(t, filepath.Join(dir, "page."+language), []byte(code))
	}
	if len(files) != 3 {
		t.Fatal("the guide shows other pages: ", files)
	}
	if problems := compile(t, dir, files[:2], nil); problems != "" {
		t.Error(problems)
	}
	files = []string{files[0], files[2]} // both are called page
	if problems := compile(t, dir, files, map[string]any{"allowJs": true}); problems != "" {
		t.Error(problems)
	}
}

// The chat's page says and hears what the chat does.
func TestChatPageHasTheChatsTypes(t *testing.T) {
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "chat.d.ts"), readContract(t, "../apps/chat").TypeScript())
	for _, name := range []string{"live.d.ts", "shell.d.ts"} {
		text, err := os.ReadFile(filepath.Join("types", name))
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(dir, name), text)
	}
	scripts, err := filepath.Glob("../apps/chat/web/*.js")
	if err != nil || len(scripts) == 0 {
		t.Fatal("no page: ", err)
	}
	files := []string{"live.d.ts", "shell.d.ts"}
	for _, script := range scripts {
		text, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, filepath.Base(script))
		writeFile(t, filepath.Join(dir, filepath.Base(script)), text)
	}
	options := map[string]any{"allowJs": true, "checkJs": true, "strict": false, "noImplicitAny": false}
	if problems := compile(t, dir, files, options); problems != "" {
		t.Error(problems)
	}

	chat := filepath.Join(dir, "chat.js")
	text, err := os.ReadFile(chat)
	if err != nil {
		t.Fatal(err)
	}
	for right, wrong := range map[string]string{
		`socket.on("said"`:      `socket.on("spoken"`,
		`live.call("open", {`:   `live.call("open", { rum: 1, `,
		`people = state.people`: `people = state.persons`,
	} {
		changed := strings.Replace(string(text), right, wrong, 1)
		if changed == string(text) {
			t.Errorf("the page does not say %s any more: change something else", right)
		}
		writeFile(t, chat, []byte(changed))
		if compile(t, dir, files, options) == "" {
			t.Errorf("the page may say %s", wrong)
		}
	}
}

func TestAsyncAPIIsValid(t *testing.T) {
	node := findPackage(t, "@asyncapi/parser")
	for name, source := range map[string]string{"sample": "../internal/contract/testdata/sample", "chat": "../apps/chat"} {
		t.Run(name, func(t *testing.T) {
			document := filepath.Join(t.TempDir(), name+".json")
			writeFile(t, document, readContract(t, source).AsyncAPI("1.0.0"))
			if problems, err := exec.CommandContext(t.Context(), node, "types/validate.mjs", document).CombinedOutput(); err != nil || len(problems) > 0 {
				t.Errorf("%v\n%s", err, problems)
			}
		})
	}
}

func readContract(t *testing.T, source string) *contract.Contract {
	t.Helper()
	c, err := contract.Read(t.Context(), "", source)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// compile returns what the compiler of TypeScript finds wrong with files in a
// directory.
func compile(t *testing.T, dir string, files []string, more map[string]any) string {
	t.Helper()
	node := findPackage(t, "typescript")
	modules, err := filepath.Abs("node_modules")
	if err != nil {
		t.Fatal(err)
	}
	web, err := filepath.Abs("../web")
	if err != nil {
		t.Fatal(err)
	}
	options := map[string]any{
		"strict": true, "noEmit": true, "target": "es2023", "lib": []string{"es2023", "dom", "dom.iterable"},
		"module": "esnext", "moduleResolution": "bundler", "types": []string{},
		"paths": map[string]any{
			"socket.io-client":   []string{filepath.Join(modules, "socket.io-client")},
			"/socket.io/brio.js": []string{filepath.Join(web, "brio.d.ts")},
			"/shell/live.js":     []string{filepath.Join(dir, "live.d.ts")},
			"/shell/pass.js":     []string{filepath.Join(dir, "live.d.ts")},
			"/shell/dom.js":      []string{filepath.Join(dir, "shell.d.ts")},
		},
	}
	for option, value := range more {
		options[option] = value
	}
	config, err := json.Marshal(map[string]any{"compilerOptions": options, "files": files})
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "tsconfig.json"), config)
	cmd := exec.CommandContext(t.Context(), node, filepath.Join(modules, "typescript", "bin", "tsc"), "--project", dir, "--pretty", "false")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil && len(out) == 0 {
		t.Fatal(err)
	}
	return string(out)
}

// findPackage returns Node.js, and fails if it or the package is missing.
func findPackage(t *testing.T, name string) (node string) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("node is missing: install Node.js 20.17 or newer, on Debian with\n\tapt-get install nodejs npm")
	}
	if _, err := os.Stat(filepath.Join("node_modules", name)); err != nil {
		t.Fatalf("conformance/node_modules/%s is missing: install it with\n\tnpm ci --prefix conformance", name)
	}
	return node
}

func writeFile(t *testing.T, file string, text []byte) {
	t.Helper()
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}
