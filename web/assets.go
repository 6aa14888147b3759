package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"strings"
	"sync"
)

//go:embed assets templates
var files embed.FS

// An asset is a file of ours. Its name has its digest in it, so that a browser
// may keep it for ever.
type asset struct {
	name string
	kind string
	body []byte
}

var allAssets = sync.OnceValue(func() map[string]asset {
	kinds := map[string]string{".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".js": "text/javascript; charset=utf-8"}
	out := map[string]asset{}
	entries, err := files.ReadDir("assets")
	if err != nil {
		panic(err) // it is in the binary
	}
	for _, e := range entries {
		body, err := files.ReadFile("assets/" + e.Name())
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(body)
		ext := path.Ext(e.Name())
		out[e.Name()] = asset{strings.TrimSuffix(e.Name(), ext) + "." + hex.EncodeToString(sum[:6]) + ext, kinds[ext], body}
	}
	return out
})

// assetPath is where a browser finds a file of ours.
func assetPath(name string) (string, error) {
	a, ok := allAssets()[name]
	if !ok {
		return "", fmt.Errorf("there is no asset %s", name)
	}
	return "/assets/" + a.name, nil
}

func serveAsset(w http.ResponseWriter, r *http.Request) {
	for _, a := range allAssets() {
		if a.name == r.PathValue("name") {
			w.Header().Set("Content-Type", a.kind)
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
			_, _ = w.Write(a.body) // it may have hung up
			return
		}
	}
	http.NotFound(w, r)
}
