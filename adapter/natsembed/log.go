package natsembed

import (
	"fmt"
	"log/slog"
)

// logger is what the server logs to.
type logger struct {
	slog  *slog.Logger
	fatal chan string // has room for one: why the server can't begin
}

func (l *logger) Noticef(format string, v ...any) { l.debug(format, v) }
func (l *logger) Debugf(format string, v ...any)  { l.debug(format, v) }
func (l *logger) Tracef(format string, v ...any)  { l.debug(format, v) }

func (l *logger) debug(format string, v []any) {
	l.slog.Debug("NATS server", "says", fmt.Sprintf(format, v...))
}

func (l *logger) Warnf(format string, v ...any) {
	l.slog.Warn("NATS server", "says", fmt.Sprintf(format, v...))
}

func (l *logger) Errorf(format string, v ...any) {
	l.slog.Error("NATS server", "says", fmt.Sprintf(format, v...))
}

// Fatalf doesn't end the process, as that of the NATS server's own command does.
func (l *logger) Fatalf(format string, v ...any) {
	why := fmt.Sprintf(format, v...)
	l.slog.Error("NATS server", "says", why)
	select {
	case l.fatal <- why:
	default:
	}
}
