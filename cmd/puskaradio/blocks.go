package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/puskaradio/puskaradio/notify"
)

// printBlocks draws the blocks of a message that Slack was sent.
func printBlocks(w io.Writer, blocks []byte, width int) error {
	type element struct {
		Type     string          `json:"type"`
		Text     json.RawMessage `json:"text"`
		URL      string          `json:"url"`
		Elements []element       `json:"elements"`
	}
	type block struct {
		element
		Fields []element `json:"fields"`
		Title  string    `json:"title"`
		Chart  struct {
			Series []struct {
				Data []struct {
					Label string  `json:"label"`
					Value float64 `json:"value"`
				} `json:"data"`
			} `json:"series"`
		} `json:"chart"`
	}
	var bs []block
	if err := json.Unmarshal(blocks, &bs); err != nil {
		return fmt.Errorf("what Slack was sent: %w", err)
	}
	text := func(raw json.RawMessage) string {
		var s string
		if json.Unmarshal(raw, &s) == nil {
			return s
		}
		var o struct {
			Text string `json:"text"`
		}
		_ = json.Unmarshal(raw, &o) // it may have none
		return o.Text
	}
	unmark := strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&", "*", "")
	for _, b := range bs {
		switch b.Type {
		case "header":
			fmt.Fprintf(w, "%s\n%s\n", text(b.Text), strings.Repeat("─", min(width, len([]rune(text(b.Text))))))
		case "section":
			for _, f := range b.Fields {
				name, value, _ := strings.Cut(unmark.Replace(text(f.Text)), "\n")
				fmt.Fprintf(w, "  %-16s %s\n", name, value)
			}
		case "rich_text":
			fmt.Fprintln(w)
			for _, part := range b.Elements {
				var line strings.Builder
				for _, e := range part.Elements {
					line.WriteString(text(e.Text))
					if e.URL != "" {
						line.WriteString(" ‹" + e.URL + "›")
					}
				}
				indent := "  "
				if part.Type == "rich_text_quote" {
					indent = "  │ "
				}
				for _, l := range notify.Wrap(line.String(), width-4) {
					fmt.Fprintln(w, indent+l)
				}
			}
		case "data_visualization":
			for _, s := range b.Chart.Series {
				var vs []float64
				for _, d := range s.Data {
					vs = append(vs, d.Value)
				}
				if len(vs) > 1 {
					fmt.Fprintf(w, "\n  %s\n  %s–%s  %s\n", b.Title, s.Data[0].Label, s.Data[len(vs)-1].Label, notify.Spark(vs))
				}
			}
		case "context":
			for _, e := range b.Elements {
				fmt.Fprintf(w, "\n  %s\n", unmark.Replace(text(e.Text)))
			}
		}
	}
	return nil
}
