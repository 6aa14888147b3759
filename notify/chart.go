package notify

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"strings"
	"sync"
	"time"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"github.com/puskaradio/puskaradio"
)

// A picture of a chart is twice as large as it is shown, for sharp screens.
const (
	pictureWidth  = 1200
	pictureHeight = 480
	pictureLeft   = 110
	pictureTop    = 24
	pictureFoot   = 72
	letterSize    = 36
)

var (
	inkBar   = color.RGBA{0xC8, 0x42, 0x1D, 0xFF} // seen as its own by those who do not see red
	inkText  = color.RGBA{0x3A, 0x40, 0x4A, 0xFF}
	inkLine  = color.RGBA{0xDD, 0xDF, 0xE3, 0xFF}
	inkUsual = color.RGBA{0x1A, 0x56, 0xB0, 0xFF}
)

// letters is the font of charts, with everything that Finnish needs.
var letters = sync.OnceValues(func() (*opentype.Font, error) { return opentype.Parse(goregular.TTF) })

// A columns is a chart of counts over time, from zero.
type columns struct {
	points []puskaradio.Point
	usual  float64 // what is usual, as a dashed line; zero is none
	layout string  // of the labels of time
	lang   string
	zone   *time.Location
}

// picture draws a chart as a PNG. It is some kilobytes large.
func (c *columns) picture() ([]byte, error) {
	f, err := letters()
	if err != nil {
		return nil, fmt.Errorf("chart: %w", err)
	}
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: letterSize, DPI: 72})
	if err != nil {
		return nil, fmt.Errorf("chart: %w", err)
	}
	defer face.Close()
	img := image.NewPaletted(image.Rect(0, 0, pictureWidth, pictureHeight), shades())
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	top := niceTop(c.top())
	base, high := pictureHeight-pictureFoot, float64(pictureHeight-pictureFoot-pictureTop)
	at := func(v float64) int { return base - int(math.Round(min(1, max(0, v/top))*high)) }
	pen := font.Drawer{Dst: img, Src: image.NewUniform(inkText), Face: face}
	write := func(s string, x, y int, right bool) {
		if right {
			x -= pen.MeasureString(s).Round()
		}
		pen.Dot = fixed.P(x, y)
		pen.DrawString(s)
	}
	for _, v := range []float64{0, top / 2, top} {
		if v == math.Trunc(v) {
			fill(img, pictureLeft, at(v)-1, pictureWidth, at(v)+1, inkLine)
			write(number(c.lang, v), pictureLeft-14, at(v)+12, true)
		}
	}
	step := float64(pictureWidth-pictureLeft) / float64(len(c.points))
	free := 0
	for i, p := range c.points {
		x := pictureLeft + int(float64(i)*step)
		fill(img, x+int(step*0.12)+1, at(p.Value), x+int(step*0.88), base, inkBar)
		label := p.At.In(zoneOr(c.zone)).Format(c.layout)
		wide := pen.MeasureString(label).Round()
		if from := x + (int(step)-wide)/2; from >= free && from+wide <= pictureWidth {
			write(label, from, base+48, false)
			free = from + wide + 24
		}
	}
	if c.usual > 0 && c.usual <= top {
		for x := pictureLeft; x < pictureWidth; x += 24 {
			fill(img, x, at(c.usual)-2, min(x+14, pictureWidth), at(c.usual)+2, inkUsual)
		}
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, img); err != nil {
		return nil, fmt.Errorf("chart: %w", err)
	}
	return b.Bytes(), nil
}

func (c *columns) top() float64 {
	top := c.usual
	for _, p := range c.points {
		top = max(top, p.Value)
	}
	return top
}

// says is what a chart shows, for those who do not see it.
func (c *columns) says(title string) string {
	var parts []string
	for _, p := range c.points {
		parts = append(parts, p.At.In(zoneOr(c.zone)).Format(c.layout)+": "+number(c.lang, p.Value))
	}
	return title + ": " + strings.Join(parts, ", ")
}

// niceTop is the end of an axis: an even number that people count by.
func niceTop(v float64) float64 {
	for unit := 2.0; ; unit *= 10 {
		for _, n := range []float64{1, 2, 3, 5} {
			if unit*n >= v {
				return unit * n
			}
		}
	}
}

func fill(dst draw.Image, x0, y0, x1, y1 int, c color.Color) {
	draw.Draw(dst, image.Rect(x0, y0, x1, y1), image.NewUniform(c), image.Point{}, draw.Src)
}

// shades are the colours of a chart, with those between the text and white,
// for smooth letters.
func shades() color.Palette {
	p := color.Palette{color.White, inkBar, inkLine, inkUsual}
	for i := range 16 {
		mix := func(c uint8) uint8 { return uint8((int(c)*(15-i) + 255*i) / 15) }
		p = append(p, color.RGBA{mix(inkText.R), mix(inkText.G), mix(inkText.B), 0xFF})
	}
	return p
}
