using System.Collections.Concurrent;

namespace Mallgram.Sandbox.OpenPlatform;

/// <summary>Calls a second for each API, with a ban of one second, and calls a day for the app until midnight GMT+8.</summary>
internal sealed class OpenPlatformQuota(OpenPlatformOptions options, TimeProvider clock)
{
    private static readonly TimeSpan Beijing = TimeSpan.FromHours(8);

    private readonly ConcurrentDictionary<string, Window> _windows = new(StringComparer.Ordinal);
    private readonly Lock _dayGate = new();
    private DateOnly _day;
    private int _today;
    private long _everyoneBannedUntil;

    public enum Verdict
    {
        Allowed,
        TooFast,
        DayUsedUp,
    }

    public int CallsPerSecond { get; set; } = options.CallsPerSecond;

    public int CallsPerDay { get; set; } = options.CallsPerDay;

    /// <summary>Calls of the present day so far, refused ones too; 0 without a daily quota.</summary>
    public int CallsToday
    {
        get
        {
            lock (_dayGate)
            {
                return _today;
            }
        }
    }

    /// <summary>Refuses every call for a while, as if the quota had just been exceeded.</summary>
    public void BanFor(TimeSpan time) => Volatile.Write(ref _everyoneBannedUntil, (clock.GetUtcNow() + time).UtcTicks);

    public Verdict Take(string api)
    {
        var now = clock.GetUtcNow();
        if (now.UtcTicks < Volatile.Read(ref _everyoneBannedUntil))
        {
            return Verdict.TooFast;
        }

        if (CallsPerSecond > 0 && !_windows.GetOrAdd(api, static _ => new Window()).Take(now.UtcTicks, CallsPerSecond))
        {
            return Verdict.TooFast;
        }

        if (CallsPerDay > 0)
        {
            lock (_dayGate)
            {
                var day = DateOnly.FromDateTime((now + Beijing).UtcDateTime);
                _today = day == _day ? _today + 1 : 1;
                _day = day;
                return _today <= CallsPerDay ? Verdict.Allowed : Verdict.DayUsedUp;
            }
        }

        return Verdict.Allowed;
    }

    public void Reset()
    {
        CallsPerSecond = options.CallsPerSecond;
        CallsPerDay = options.CallsPerDay;
        Volatile.Write(ref _everyoneBannedUntil, 0);
        _windows.Clear();
        lock (_dayGate)
        {
            _today = 0;
        }
    }

    private sealed class Window
    {
        private readonly Lock _gate = new();
        private long _second;
        private int _calls;
        private long _bannedUntil;

        public bool Take(long ticks, int limit)
        {
            lock (_gate)
            {
                if (ticks < _bannedUntil)
                {
                    return false;
                }

                var second = ticks / TimeSpan.TicksPerSecond;
                _calls = second == _second ? _calls + 1 : 1;
                _second = second;
                if (_calls <= limit)
                {
                    return true;
                }

                _bannedUntil = ticks + TimeSpan.TicksPerSecond;
                _calls = 0;
                return false;
            }
        }
    }
}
