using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Mallgram.Kernel.Persistence;
using Mallgram.Sourcing.Suppliers;
using Npgsql;

namespace Mallgram.Sourcing.OpenPlatform;

/// <summary>
/// Calls a day that an app key has, shared by all processes through one database row a day. A process takes them in blocks, so that counting
/// costs one statement in many calls; what a process has taken and not used when it ends is lost, never spent twice. The day is the
/// platform's: it ends at midnight GMT+8.
/// </summary>
/// <remarks>https://open.alitrip.com/docs/doc.htm?articleId=108426&amp;docType=1&amp;treeId=502</remarks>
internal sealed class DailyQuota(string supplier, OpenPlatformOptions options, PlatformDataSource platform, TimeProvider clock) : IDisposable
{
    private const int BlocksPerDay = 50;
    private const int LargestBlock = 100;

    private static readonly TimeSpan Beijing = TimeSpan.FromHours(8);

    private readonly SemaphoreSlim _single = new(1, 1);
    private readonly string _appKeyHash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(options.AppKey)).AsSpan(0, 16));
    private DateOnly _day;
    private int _left;

    /// <exception cref="SupplierException"><see cref="SupplierFault.QuotaUsedUp"/>: none before the next day.</exception>
    public async ValueTask SpendAsync(CancellationToken ct)
    {
        if (options.CallsPerDay == 0)
        {
            return;
        }

        await _single.WaitAsync(ct);
        try
        {
            var day = DateOnly.FromDateTime((clock.GetUtcNow() + Beijing).UtcDateTime);
            if (day != _day)
            {
                (_day, _left) = (day, 0);
            }

            if (_left == 0)
            {
                _left = await ReserveAsync(day, ct);
            }

            if (_left == 0)
            {
                throw new SupplierException(
                    SupplierFault.QuotaUsedUp,
                    "daily_quota",
                    string.Create(CultureInfo.InvariantCulture, $"The app's {options.CallsPerDay} calls of {day:yyyy-MM-dd} (GMT+8) are used up."));
            }

            _left--;
        }
        finally
        {
            _single.Release();
        }
    }

    public void Dispose() => _single.Dispose();

    /// <returns>Calls that this process may make now; 0 when the day's are used up.</returns>
    private async Task<int> ReserveAsync(DateOnly day, CancellationToken ct)
    {
        // Cross-store by purpose: the quota is the app key's, whichever store calls.
        await using var batch = platform.Source.CreateBatch();
        batch.BatchCommands.Add(Sql.Command(
            """
            insert into sourcing.call_quota as q (supplier, app_key_hash, day, calls, last_block) values ($1, $2, $3, least($4, $5), least($4, $5))
            on conflict (supplier, app_key_hash, day) do update
                set calls = least(q.calls + $4, $5), last_block = least($4, $5 - q.calls) where q.calls < $5
            returning last_block
            """,
            Sql.Text(supplier),
            Sql.Text(_appKeyHash),
            new NpgsqlParameter<DateOnly> { TypedValue = day },
            Sql.Int(Math.Clamp(options.CallsPerDay / BlocksPerDay, 1, LargestBlock)),
            Sql.Int(options.CallsPerDay)));
        return await batch.ExecuteScalarAsync(ct) as int? ?? 0;
    }
}
