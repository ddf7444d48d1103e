using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;
using Microsoft.Extensions.DependencyInjection;

namespace Mallgram.Catalog.Merchandising;

/// <summary>Runs the same work in every store that a question to the platform names, each in a scope of its own.</summary>
internal sealed class StoreJobs(PlatformDataSource platform, IServiceScopeFactory scopes)
{
    /// <param name="stores">SQL that yields store ids.</param>
    /// <param name="work">Of one store; its number of things done.</param>
    public async Task<(int Stores, int Done)> RunAsync(
        NpgsqlCommandText stores, Func<IServiceProvider, CancellationToken, Task<int>> work, CancellationToken ct)
    {
        var ids = new List<Guid>();
        await using (var command = platform.Source.CreateCommand(stores.Sql))
        {
            foreach (var parameter in stores.Parameters)
            {
                command.Parameters.Add(parameter);
            }

            await using var reader = await command.ExecuteReaderAsync(ct);
            while (await reader.ReadAsync(ct))
            {
                ids.Add(reader.GetGuid(0));
            }
        }

        var done = 0;
        foreach (var id in ids)
        {
            await using var scope = scopes.CreateAsyncScope();
            scope.ServiceProvider.GetRequiredService<StoreScope>().Set(id);
            done += await work(scope.ServiceProvider, ct);
        }

        return (ids.Count, done);
    }
}

internal readonly record struct NpgsqlCommandText(string Sql, params Npgsql.NpgsqlParameter[] Parameters);
