using System.Text;
using Mallgram.Sandbox.Control;

namespace Mallgram.Sandbox.AliExpress;

/// <summary>What the controls make go wrong, and what they change in the catalogue. Kept in memory: a restart heals everything.</summary>
internal sealed class AliExpressFaults
{
    private readonly Countdown _fail = new();
    private readonly Countdown _mangle = new();
    private volatile int _failStatus;
    private volatile bool _truncate;
    private long _slowMs;

    public bool BareSingle { get; set; }

    /// <summary>The recommend feed calls itself finished after this page; 0: it goes on to its end.</summary>
    public int FeedEndsAfterPage { get; set; }

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
        Slow = TimeSpan.Zero;
    }

    /// <summary>True when the call has been answered with the fault that was asked for.</summary>
    public async ValueTask<bool> ApplyAsync(HttpContext http, Counters counters)
    {
        if (Slow is { Ticks: > 0 } delay)
        {
            await Task.Delay(delay, http.RequestAborted);
        }

        if (!_fail.Take())
        {
            return false;
        }

        counters.Add("aliexpress.failed_on_purpose");
        var fault = GatewayFault.ServiceDown;
        if (_failStatus > 0)
        {
            http.Response.StatusCode = _failStatus;
            await http.Response.WriteAsync("<html><body>gateway error</body></html>", http.RequestAborted);
        }
        else
        {
            await http.Response.WriteAsJsonAsync(
                new
                {
                    error_response = new
                    {
                        type = fault.Type,
                        code = fault.Code,
                        msg = fault.Message,
                        sub_code = fault.SubCode,
                        sub_msg = fault.SubMessage,
                        request_id = http.TraceIdentifier,
                    },
                },
                http.RequestAborted);
        }

        return true;
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
