using Mallgram.Kernel.Persistence;
using Mallgram.Kernel.Tenancy;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Mallgram.Tests.Integration.Kernel;

/// <summary>EF's mapping and the schema that the SQL migrations make say the same.</summary>
public sealed class ModelTests(MallgramApp app) : IClassFixture<MallgramApp>
{
    [Fact]
    public async Task Every_mapped_column_exists_with_the_same_type_and_nullability()
    {
        await using var scope = app.Api.Services.CreateAsyncScope();
        scope.ServiceProvider.GetRequiredService<StoreScope>().Set(Guid.Parse("01930000-0000-7000-8000-000000000001"));
        var model = scope.ServiceProvider.GetRequiredService<MallgramDbContext>().Model;
        var columns = await ReadColumnsAsync();
        var differences = new List<string>();
        var compared = 0;
        foreach (var entity in model.GetEntityTypes())
        {
            var table = StoreObjectIdentifier.Create(entity, StoreObjectType.Table)!.Value;
            foreach (var property in entity.GetProperties())
            {
                var name = $"{table.Schema}.{table.Name}.{property.GetColumnName(table)}";
                compared++;
                if (!columns.TryGetValue(name, out var column))
                {
                    differences.Add(name + " is mapped but not in the database");
                }
                else if (column != (property.GetColumnType(table), property.IsNullable))
                {
                    differences.Add($"{name} is {column} in the database and {(property.GetColumnType(table), property.IsNullable)} in the model");
                }
            }
        }

        Assert.Empty(differences);
        Assert.True(compared > 40, $"only {compared} columns are mapped");
    }

    private async Task<Dictionary<string, (string Type, bool Nullable)>> ReadColumnsAsync()
    {
        await using var connection = new NpgsqlConnection(app.Database.Administrator + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(
            """
            select n.nspname || '.' || c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod), not a.attnotnull
            from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
            where a.attnum > 0 and not a.attisdropped and c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema')
            """,
            connection);
        await using var reader = await command.ExecuteReaderAsync();
        var columns = new Dictionary<string, (string, bool)>(StringComparer.Ordinal);
        while (await reader.ReadAsync())
        {
            columns.Add(reader.GetString(0), (reader.GetString(1), reader.GetBoolean(2)));
        }

        return columns;
    }
}
