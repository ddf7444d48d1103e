using Microsoft.Extensions.Configuration;

namespace Mallgram.AppHost.Run;

/// <summary>Where the database and Redis come from. First match wins: given by connection string, started by the engine, none.</summary>
/// <param name="GivenPostgres">The administrator's connection string of a server of the operator's.</param>
internal sealed record ServerPlan(string? GivenPostgres, bool RedisIsGiven, bool RedisCanBeStarted)
{
    public override string ToString() => nameof(ServerPlan);

    /// <summary>
    /// Moves given connection strings from this process's environment, which services inherit, to the configuration of the builder:
    /// only migrations may see the administrator's.
    /// </summary>
    public static ServerPlan Of(IConfiguration configuration, bool redisCanBeStarted)
    {
        foreach (var name in (string[])["mallgram", "redis"])
        {
            var variable = $"ConnectionStrings__{name}";
            if (ServiceEnvironment.OperatorsOwn(variable) is { } given)
            {
                configuration[$"ConnectionStrings:{name}"] = given;
                Environment.SetEnvironmentVariable(variable, null);
            }
        }
        return new ServerPlan(
            configuration.GetConnectionString("mallgram") is { Length: > 0 } postgres ? postgres : null,
            configuration.GetConnectionString("redis") is { Length: > 0 },
            redisCanBeStarted);
    }
}
