using FluentValidation;
using MediatR;
using Pipeline.Observability.Contracts;
using Pipeline.Observability.Domain;

namespace Pipeline.Observability.Application;

internal sealed class GetLogsValidator : AbstractValidator<GetLogs>
{
    public GetLogsValidator()
    {
        RuleFor(x => x.Level).Must(level => level is null || (Enum.TryParse<LineLevel>(level, ignoreCase: true, out var known) && Enum.IsDefined(known)))
            .WithMessage("must be one of " + string.Join(", ", Enum.GetNames<LineLevel>())).OverridePropertyName("level");
        RuleFor(x => x.TraceId).Must(id => id is null || SpanKey.TryParseTrace(id, out _)).WithMessage("must be 32 hexadecimal digits").OverridePropertyName("traceId");
        RuleFor(x => x.Limit).InclusiveBetween(1, 1000).WithMessage("must be from 1 to 1000").OverridePropertyName("limit");
        RuleFor(x => x.After).GreaterThanOrEqualTo(0).WithMessage("must not be negative").OverridePropertyName("after");
    }
}

/// <summary>Answers <see cref="GetLogs"/>.</summary>
internal sealed class GetLogsHandler(LineStore store) : IRequestHandler<GetLogs, LogPage>
{
    public Task<LogPage> Handle(GetLogs request, CancellationToken cancellationToken)
    {
        var level = request.Level is null ? LineLevel.Trace : Enum.Parse<LineLevel>(request.Level, ignoreCase: true);
        UInt128? traceId = request.TraceId is not null && SpanKey.TryParseTrace(request.TraceId, out var id) ? id : null;
        var lines = store.ToArray();
        var records = new List<LogRecord>();
        for (var i = lines.Length - 1; i >= 0 && records.Count < request.Limit; i--)
        {
            var line = lines[i];
            if (line.Number <= request.After)
                break;
            if (line.Level >= level && (traceId is null || line.TraceId == traceId) && (string.IsNullOrEmpty(request.Text) || line.Contains(request.Text)))
                records.Add(View(line));
        }

        return Task.FromResult(new LogPage(records, lines.Length == 0 ? request.After ?? 0 : lines[^1].Number));
    }

    private static LogRecord View(KeptLine line)
    {
        var traced = line.TraceId != 0;
        return new LogRecord(
            line.Number, line.At, line.Level.ToString(), line.Category, line.Message, line.Exception,
            traced ? SpanKey.TextOf(line.TraceId) : null, traced ? SpanKey.TextOf(line.SpanId) : null);
    }
}
