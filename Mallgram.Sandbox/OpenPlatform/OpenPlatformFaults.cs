using System.Text;
using Mallgram.Sandbox.Control;

namespace Mallgram.Sandbox.OpenPlatform;

/// <summary>What the controls make go wrong, and what they change in the catalogue. Kept in memory: a restart heals everything.</summary>
internal sealed class OpenPlatformFaults
{
    private readonly Countdown _fail = new();
    private readonly Countdown _mangle = new();
    private volatile int _failStatus;
    private volatile bool _truncate;
    private long _slowMs;

    /// <summary>Without simplify, a list of one is a bare object.</summary>
    public bool BareSingle { get; set; }

    /// <summary>The product list is over after this page, whatever its total says; 0: it goes on to its end.</summary>
    public int FeedEndsAfterPage { get; set; }

    /// <summary>Each page of the product list shows its first item twice.</summary>
    public bool FeedRepeats { get; set; }

    /// <summary>The first category is a child of its own child.</summary>
    public bool CategoryCycle { get; set; }

    /// <summary>How far the platform's clock is ahead of ours: calls are judged by it.</summary>
    public TimeSpan ClockSkew { get; set; }

    public TimeSpan Slow
    {
        get => TimeSpan.FromMilliseconds(Interlocked.Read(ref _slowMs));
        set => Interlocked.Exchange(ref _slowMs, (long)value.TotalMilliseconds);
    }

    public int FailuresLeft => _fail.Left;

    public int MangledLeft => _mangle.Left;

    /// <param name="status">0: a business fault inside HTTP 200; otherwise the HTTP status of a gateway page.</param>
    public void FailNext(int count, int status)
    {
        _failStatus = status;
        _fail.Set(count);
    }

    public void MangleNext(int count, bool truncate)
    {
        _truncate = truncate;
        _mangle.Set(count);
    }

    public void Reset()
    {
        _fail.Set(0);
        _mangle.Set(0);
        BareSingle = false;
        FeedEndsAfterPage = 0;
        FeedRepeats = false;
        CategoryCycle = false;
        ClockSkew = TimeSpan.Zero;
        Slow = TimeSpan.Zero;
    }

    /// <summary>Whether this call fails, and with which HTTP status; 0: a business fault inside HTTP 200.</summary>
    public bool TakesFailure(out int status)
    {
        status = _failStatus;
        return _fail.Take();
    }

    public ReadOnlyMemory<byte> Mangle(ReadOnlyMemory<byte> body)
    {
        if (!_mangle.Take())
        {
            return body;
        }

        return _truncate ? body[..(body.Length / 2)] : Encoding.UTF8.GetBytes("<!DOCTYPE html><p>\u0000\uFFFD not what you asked for");
    }
}
