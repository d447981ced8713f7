-- Reminders that come due by the million must not stand before waits that time out and effects that were not answered:
-- each kind of timer is found by itself.
DROP INDEX timer_due;
CREATE INDEX timer_due ON timer (kind, due);
