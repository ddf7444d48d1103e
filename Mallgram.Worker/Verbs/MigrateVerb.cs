using Mallgram.Kernel.Migrations;
using Npgsql;

namespace Mallgram.Worker.Verbs;

/// <summary>
/// <c>migrate</c>: brings the database up to date and ends. <c>ConnectionStrings:mallgram</c> is the administrator's here, and only here;
/// <c>Database:AppPassword</c> and <c>Database:PlatformPassword</c> become the passwords of the two logins the services use.
/// </summary>
internal static class MigrateVerb
{
    /// <returns>Exit code: 0, or 1 with the reason on standard error.</returns>
    public static async Task<int> RunAsync(IServiceProvider services)
    {
        var configuration = services.GetRequiredService<IConfiguration>();
        var administrator = configuration.GetConnectionString("mallgram");
        if (string.IsNullOrEmpty(administrator))
        {
            await Console.Error.WriteLineAsync("migrate: ConnectionStrings__mallgram is not set.");
            return 1;
        }

        try
        {
            var applied = await services.GetRequiredService<Migrator>().MigrateAsync(
                new MigratorOptions(administrator, configuration["Database:AppPassword"], configuration["Database:PlatformPassword"]),
                CancellationToken.None);
            Console.WriteLine(applied.Count == 0 ? "The database is up to date." : $"Applied {applied.Count} migrations.");
            return 0;
        }
        catch (Exception e) when (e is MigrationException or NpgsqlException)
        {
            await Console.Error.WriteLineAsync("migrate: " + e.Message);
            return 1;
        }
    }
}
