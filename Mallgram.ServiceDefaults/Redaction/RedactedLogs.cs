using System.Collections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Mallgram.ServiceDefaults.Redaction;

/// <summary>
/// Stands between every logger and every place logs go to (console, OTLP, whatever an operator adds), so that no line, value, scope or
/// exception gets past the <see cref="Redactor"/>.
/// </summary>
internal sealed class RedactedLogs(ILoggerFactory inner, Redactor redactor) : ILoggerFactory
{
    public static void Add(IServiceCollection services)
    {
        services.TryAddSingleton<Redactor>();
        services.Replace(ServiceDescriptor.Singleton<ILoggerFactory>(provider => new RedactedLogs(
            new LoggerFactory(
                provider.GetServices<ILoggerProvider>(), provider.GetRequiredService<IOptionsMonitor<LoggerFilterOptions>>(),
                provider.GetService<IOptions<LoggerFactoryOptions>>(), provider.GetService<IExternalScopeProvider>()),
            provider.GetRequiredService<Redactor>())));
    }

    public ILogger CreateLogger(string categoryName) => new Logger(inner.CreateLogger(categoryName), redactor);

    public void AddProvider(ILoggerProvider provider) => inner.AddProvider(provider);

    public void Dispose() => inner.Dispose();

    private sealed class Logger(ILogger inner, Redactor redactor) : ILogger
    {
        public bool IsEnabled(LogLevel logLevel) => inner.IsEnabled(logLevel);

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => inner.BeginScope(new Scope(state, redactor));

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (inner.IsEnabled(logLevel))
            {
                var line = new Values(redactor.Redact(formatter(state, exception)), state as IEnumerable<KeyValuePair<string, object?>>, redactor);
                inner.Log(logLevel, eventId, line, RedactedException.Of(exception, redactor), static (values, _) => values.ToString());
            }
        }
    }

    /// <summary>Redacts when a line is written: the framework opens a scope for every request, and most requests write none.</summary>
    private sealed class Scope(object state, Redactor redactor) : IReadOnlyList<KeyValuePair<string, object?>>
    {
        private Values? _values;

        public int Count => Read().Count;

        public KeyValuePair<string, object?> this[int index] => Read()[index];

        public IEnumerator<KeyValuePair<string, object?>> GetEnumerator() => Read().GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

        public override string ToString() => Read().ToString();

        private Values Read() =>
            _values ??= new Values(redactor.Redact(state.ToString() ?? ""), state as IEnumerable<KeyValuePair<string, object?>>, redactor);
    }

    /// <summary>A line and the values in it. Numbers, times and ids keep their types; everything else is its redacted text.</summary>
    private sealed class Values : IReadOnlyList<KeyValuePair<string, object?>>
    {
        private readonly string _line;
        private readonly KeyValuePair<string, object?>[] _values;

        public Values(string line, IEnumerable<KeyValuePair<string, object?>>? values, Redactor redactor)
        {
            _line = line;
            _values = values is null ? [] : [.. values.Select(v => KeyValuePair.Create(v.Key, Redacted(v.Key, v.Value, redactor)))];
        }

        public int Count => _values.Length;

        public KeyValuePair<string, object?> this[int index] => _values[index];

        public IEnumerator<KeyValuePair<string, object?>> GetEnumerator() => _values.AsEnumerable().GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

        public override string ToString() => _line;

        private static object? Redacted(string name, object? value, Redactor redactor) => value switch
        {
            null or bool or byte or sbyte or short or ushort or int or uint or long or ulong or float or double or decimal => value,
            TimeSpan or DateTime or DateTimeOffset or Guid or Enum => value,
            // The pattern of the message is code, and what groups lines in a log store.
            string pattern when name == "{OriginalFormat}" => pattern,
            // The framework writes the query of a request into a scope or a line of its own.
            string query when query.StartsWith('?') => redactor.Redact(Redactor.RedactQuery(query)),
            string text => redactor.Redact(text),
            _ => redactor.Redact(value.ToString() ?? ""),
        };
    }
}

/// <summary>An exception as it may be logged: kind, message and stack of the original, redacted.</summary>
internal sealed class RedactedException : Exception
{
    private readonly string _text;
    private readonly string? _stack;

    private RedactedException(Exception original, string text, Redactor redactor)
        : base(redactor.Redact(original.Message))
    {
        _text = text;
        _stack = original.StackTrace;
        HResult = original.HResult;
        Source = original.GetType().FullName;
    }

    public override string? StackTrace => _stack;

    /// <returns>The same exception when there was nothing to take out of it.</returns>
    public static Exception? Of(Exception? original, Redactor redactor)
    {
        if (original is null)
        {
            return null;
        }

        var text = original.ToString();
        var redacted = redactor.Redact(text);
        return ReferenceEquals(redacted, text) ? original : new RedactedException(original, redacted, redactor);
    }

    public override string ToString() => _text;
}
