package crawler

import "testing"

func TestHostOf(t *testing.T) {
	for _, tt := range []struct {
		kind, options, want string
	}{
		{"reviews", `{"url":"https://Shop.example:8443/a"}`, "shop.example"},
		{"reviews", `{"sitemap":"https://shop.example/sitemap.xml"}`, "shop.example"},
		{"feed", `{"url":"https://b.example/feed"}`, "b.example"},
		{"mastodon", `{"server":"mastodon.example","tags":["a"]}`, "mastodon.example"},
		{"wordpress", `{"site":"https://w.example/blog"}`, "w.example"},
		{"appstore", `{"app":"123456789"}`, "itunes.apple.com"},
	} {
		c, err := New(tt.kind, []byte(tt.options), func(string) (string, error) { return "", nil })
		if err != nil {
			t.Fatalf("%s: %v", tt.kind, err)
		}
		if got := HostOf(c); got != tt.want {
			t.Errorf("HostOf(%s %s) = %q, want %q", tt.kind, tt.options, got, tt.want)
		}
	}
}
