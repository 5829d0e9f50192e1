package natsembed

import (
	"context"
	"log/slog"
)

// errorLog tells what the server says of errors.
type errorLog struct{ said chan string }

func (l *errorLog) logger() *slog.Logger { return slog.New(l) }

func (l *errorLog) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }
func (l *errorLog) WithAttrs([]slog.Attr) slog.Handler               { return l }
func (l *errorLog) WithGroup(string) slog.Handler                    { return l }

func (l *errorLog) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		select {
		case l.said <- a.Value.String():
		default:
		}
		return true
	})
	return nil
}
