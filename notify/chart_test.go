package notify

import (
	"bytes"
	"image/png"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

// TestPicture: a chart is small, its columns are as high as their counts, from
// zero, and what is usual is a dashed line.
func TestPicture(t *testing.T) {
	at := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	c := columns{usual: 5, layout: "2.1.", lang: "fi", zone: helsinki(t)}
	for i, v := range []float64{10, 5, 0, 2.5} {
		c.points = append(c.points, puskaradio.Point{At: at.AddDate(0, 0, i), Value: v})
	}
	b, err := c.picture()
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil || img.Bounds().Dx() != pictureWidth || img.Bounds().Dy() != pictureHeight || len(b) > 40<<10 {
		t.Fatalf("a picture of %v and %d bytes, %v", img.Bounds(), len(b), err)
	}
	step := (pictureWidth - pictureLeft) / 4
	high := float64(pictureHeight - pictureFoot - pictureTop)
	for i, p := range c.points {
		n := 0
		for y := range pictureHeight {
			if img.At(pictureLeft+i*step+step/5, y) == inkBar {
				n++
			}
		}
		if want := p.Value / 10 * high; float64(n) < want-5 || float64(n) > want+1 {
			t.Errorf("column %d is %d high, want %.0f", i, n, want)
		}
	}
	y, dashed := pictureTop+int(high/2), 0
	for x := pictureLeft; x < pictureWidth; x++ {
		if img.At(x, y) == inkUsual {
			dashed++
		}
	}
	if wide := pictureWidth - pictureLeft; dashed < wide/2 || dashed > wide*2/3 {
		t.Errorf("the line of what is usual covers %d of %d", dashed, wide)
	}
	if got, want := c.says("Kielteiset"), "Kielteiset: 20.11.: 10, 21.11.: 5, 22.11.: 0, 23.11.: 2,5"; got != want {
		t.Errorf("says %q, want %q", got, want)
	}
}

// TestNiceTop: an axis ends where people count to.
func TestNiceTop(t *testing.T) {
	for _, c := range []struct{ v, want float64 }{{0, 2}, {1, 2}, {3, 4}, {5, 6}, {7, 10}, {11, 20}, {41, 60}, {99, 100}, {101, 200}, {12345, 20000}} {
		if got := niceTop(c.v); got != c.want {
			t.Errorf("niceTop(%v) = %v, want %v", c.v, got, c.want)
		}
	}
}

func BenchmarkPicture(b *testing.B) {
	c := columns{usual: 5, layout: "15", lang: "fi"}
	for i := range maxPoints {
		c.points = append(c.points, puskaradio.Point{At: time.Unix(int64(i)*3600, 0), Value: float64(i * i % 17)})
	}
	n := 0
	for b.Loop() {
		p, err := c.picture()
		if err != nil {
			b.Fatal(err)
		}
		n = len(p)
	}
	b.ReportMetric(float64(n), "bytes")
}
